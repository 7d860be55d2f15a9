//! A lane as HTTP bodies: the frames that go out, and the answer that stays open.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::Stream;
use http::HeaderMap;
use http_body::{Body, Frame as BodyFrame};
use tokio::sync::oneshot;
use tonic::Status;

use super::deframe::HEAD_BYTES;
use super::traffic::Counts;
use crate::collective::Frame;
use crate::net::laser_stream::LaserStream;

/// The request of a lane: frames as gRPC messages, for as long as the lane lives.
pub(super) struct FrameBody {
    frames: LaserStream<Frame>,
    counts: Arc<Counts>,
    /// Goes out after its header, as it is.
    payload: Option<Bytes>,
}

impl FrameBody {
    pub(super) const fn new(frames: LaserStream<Frame>, counts: Arc<Counts>) -> Self {
        Self { frames, counts, payload: None }
    }
}

impl Body for FrameBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<BodyFrame<Bytes>, Infallible>>> {
        let Self { frames, counts, payload } = self.get_mut();
        let chunk = match payload.take() {
            Some(chunk) => chunk,
            None => {
                let Some(frame) = ready!(Pin::new(frames).poll_next(cx)) else { return Poll::Ready(None) };
                counts.add(&frame);
                if !frame.body().is_empty() {
                    *payload = Some(frame.body().clone());
                }
                head(&frame)
            }
        };
        Poll::Ready(Some(Ok(BodyFrame::data(chunk))))
    }
}

/// The gRPC prefix and the frame's header.
#[expect(clippy::cast_possible_truncation, reason = "a frame is at most MAX_MESSAGE_BYTES long")]
fn head(frame: &Frame) -> Bytes {
    let mut head = BytesMut::with_capacity(HEAD_BYTES);
    head.put_u8(0);
    head.put_u32(frame.wire_bytes() as u32);
    head.put_slice(&frame.encode_header());
    head.freeze()
}

/// The answer to a lane: nothing, until the lane is over.
pub(super) struct OpenBody {
    /// Dropped without a status if the reader of the lane is gone.
    over: Option<oneshot::Receiver<Status>>,
}

impl OpenBody {
    pub(super) const fn new(over: oneshot::Receiver<Status>) -> Self {
        Self { over: Some(over) }
    }
}

impl Body for OpenBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<BodyFrame<Bytes>, Status>>> {
        let Some(over) = &mut self.over else { return Poll::Ready(None) };
        let status = ready!(Pin::new(over).poll(cx)).unwrap_or_else(|_| Status::aborted("the lane's reader is gone"));
        self.over = None;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(status.add_header(&mut trailers).map(|()| BodyFrame::trailers(trailers))))
    }
}
