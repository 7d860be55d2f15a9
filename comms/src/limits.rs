//! Every bound in one place: queues, retries, sizes, ages.
//!
//! A limit that a scenario can set has its default in [`crate::scenario`](crate) and its range here.

use std::time::Duration;

use crate::units::BitsPerSecond;

/// Version of everything that crosses a link. Peers of another version are refused in the handshake.
pub const PROTOCOL_VERSION: u32 = 2;

/// Most nodes in one view.
pub const MAX_NODES: u32 = 4096;
/// Most elements of the exchanged vector (16 GiB of `f32`).
pub const MAX_ELEMENTS: usize = 1 << 32;
/// Payload of a full frame: fits the L2 cache of one core together with its decoded `f32`.
pub const FRAME_PAYLOAD_BYTES: usize = 256 * 1024;
/// Most elements of a full frame: a megabyte of decoded `f32`, which that cache has room for too.
pub const FRAME_ELEMENTS: usize = 256 * 1024;
/// Elements of a result from which on it is written past the processor's caches: 4 MiB, more than a core has to itself.
pub const STREAMED_ELEMENTS: usize = 1024 * 1024;
/// Rate of a contact below which frames are packed, where that is left to the rate: one core packs about as fast.
pub const PACKED_BELOW: BitsPerSecond = BitsPerSecond(1_000_000_000);
/// Largest message that a peer may send on any stream.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Frames that a node holds for rounds and attempts it has not reached yet; beyond it the link is not read.
pub const MAX_EARLY_FRAMES: usize = 256;
/// Frames handed to one lane and not yet written to its stream.
pub const LANE_QUEUE_FRAMES: usize = 4;
/// HTTP/2 flow-control window of a stream and of a connection. Fixed: adaptive windows cost a third of the speed.
pub const HTTP2_WINDOW_BYTES: u32 = 16 * 1024 * 1024;
/// HTTP/2 frame size. The protocol's default of 16 KiB halves the speed.
pub const HTTP2_FRAME_BYTES: u32 = 1024 * 1024;
/// Socket send buffer of a data link.
pub const SOCKET_SEND_BUFFER_BYTES: usize = 512 * 1024;

/// How often a node tells the aggregator that it lives, as a share of `suspect_after_secs`.
pub const HEARTBEATS_PER_SUSPICION: u32 = 4;
/// How long a connection attempt may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// First pause before a broken connection is dialled again; doubles up to [`RECONNECT_PAUSE_MAX`].
pub const RECONNECT_PAUSE_MIN: Duration = Duration::from_millis(20);
/// Longest pause between two dials.
pub const RECONNECT_PAUSE_MAX: Duration = Duration::from_millis(500);
/// How long an attempt waits for a lane that cannot be connected before it is reported as failed.
pub const LANE_PATIENCE: Duration = Duration::from_secs(10);

/// Written checkpoints that a node remembers for the case that it must deliver them.
pub const MAX_HELD_CHECKPOINTS: usize = 16;
/// Largest chunk of a checkpoint, before compression.
pub const MAX_CHUNK_BYTES: usize = 1024 * 1024;
/// Most chunks in one manifest (39 GiB of checkpoint in the largest chunks).
pub const MAX_CHUNKS: usize = 40_000;
/// Longest manifest as JSON: [`MAX_CHUNKS`] chunks fit, and it fits one message.
pub const MAX_MANIFEST_BYTES: usize = MAX_MESSAGE_BYTES - 64 * 1024;
/// Longest name of a job or a file.
pub const MAX_NAME_BYTES: usize = 255;
/// Largest scenario file.
pub const MAX_SCENARIO_BYTES: usize = 4 * 1024 * 1024;
/// Largest contact plan that is read from text: some two million contacts.
pub const MAX_PLAN_BYTES: usize = 256 * 1024 * 1024;
/// Events that wait for a slow reader before progress events are dropped and counted.
pub const EVENT_QUEUE: usize = 4096;
/// How long a listener waits after it could not accept a caller, for want of file descriptors mostly.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Control messages that wait for one node. A node that leaves more unread is cut off.
pub const CONTROL_QUEUE: usize = 64;
/// Control events that wait for the aggregator before its nodes' streams are not read any further.
pub const CONTROL_EVENT_QUEUE: usize = 256;
/// Link events that wait for a node before its lanes are not read any further. Few: each may hold a frame.
pub const LINK_EVENT_QUEUE: usize = 16;
/// Frames that an emulated laser holds between the sender's last bit and the receiver's; beyond it the sender waits.
pub const LASER_FLIGHT_FRAMES: usize = 4096;
/// Windows of contact in which a lane sends, noted until they are told of when a round is over.
pub const MAX_LANE_SPANS: usize = 4096;
/// How often a chunk that arrives damaged is sent again before its delivery fails.
pub const CHUNK_RESENDS: u32 = 3;
/// Steps of the search for a chain through a roster too large for an exact answer.
pub const MAX_PATH_STEPS: usize = 100_000;
/// Members whose pairs with others a lower bound looks at; of larger rosters, so many evenly spread.
pub const MAX_BOUND_SOURCES: usize = 512;
/// Longest vector that a lower bound counts (256 TiB), so that sums of capacities do not overflow.
pub const MAX_BOUND_BYTES: u64 = 1 << 48;
