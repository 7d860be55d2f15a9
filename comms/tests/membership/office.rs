//! The aggregator in miniature behind a real control server, on a thread of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use starloom_comms::control::AggregatorMessage;
use starloom_comms::id::NodeId;
use starloom_comms::net::control::{ConnectionId, ControlEvent, ControlEvents, ControlPeer, serve_control};
use starloom_comms::net::identity::Identity;
use starloom_comms::net::listen::Listener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::aggregator::Aggregator;

/// What a test does to it.
#[derive(Debug)]
pub(crate) enum Order {
    /// A member is cut off, and told so.
    Evict(NodeId),
    /// It goes down with all its connections, and comes up again with its journal.
    Restart,
}

pub(crate) struct Office {
    pub(crate) address: SocketAddr,
    pub(crate) orders: UnboundedSender<Order>,
    /// Its address, each time that it opens.
    told: mpsc::Receiver<SocketAddr>,
    thread: JoinHandle<Aggregator>,
}

impl Office {
    pub(crate) fn open(identity: Identity, aggregator: Aggregator) -> Self {
        let (orders, inbox) = unbounded_channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || run(&identity, aggregator, inbox, &tell));
        Self { address: told.recv().expect("the office opens"), orders, told, thread }
    }

    /// How often it has come up again since this was last asked.
    pub(crate) fn restarts(&self) -> usize {
        self.told.try_iter().count()
    }

    /// Waits until all members have left; gives what came of it.
    pub(crate) fn close(self) -> Aggregator {
        self.thread.join().expect("the office closes")
    }
}

fn run(
    identity: &Identity,
    mut aggregator: Aggregator,
    mut orders: UnboundedReceiver<Order>,
    tell: &mpsc::Sender<SocketAddr>,
) -> Aggregator {
    let mut address = SocketAddr::from(([127, 0, 0, 1], 0));
    loop {
        let runtime = starloom_comms::net::runtime().expect("a runtime");
        // The port of a server that has just gone down may be held for a moment.
        let listener = loop {
            match Listener::bind(address) {
                Ok(listener) => break listener,
                Err(_) => std::thread::yield_now(),
            }
        };
        address = listener.address();
        let restarted;
        (aggregator, restarted) = runtime.block_on(async {
            let events = serve_control(identity, listener).expect("a server");
            tell.send(address).ok();
            Session { aggregator, events, peers: BTreeMap::new() }.serve(&mut orders).await
        });
        if !restarted {
            return aggregator;
        }
        aggregator = aggregator.restarted();
    }
}

struct Session {
    aggregator: Aggregator,
    events: ControlEvents,
    peers: BTreeMap<NodeId, (ConnectionId, ControlPeer)>,
}

impl Session {
    async fn serve(mut self, orders: &mut UnboundedReceiver<Order>) -> (Aggregator, bool) {
        // It ends when every member has left or was lost, and all connections are closed.
        while !(self.aggregator.journal.roster.is_empty() && self.peers.is_empty()) {
            tokio::select! {
                event = self.events.next() => self.handle(event),
                Some(order) = orders.recv() => match order {
                    Order::Restart => return (self.aggregator, true),
                    Order::Evict(node) => {
                        self.aggregator.lost(&node);
                        let refusal = AggregatorMessage::Refused { reason: "evicted".into() };
                        self.aggregator.outbox.push((node, refusal));
                    }
                },
            }
            for (to, message) in std::mem::take(&mut self.aggregator.outbox) {
                if let Some((_, peer)) = self.peers.get(&to) {
                    peer.send(message).ok();
                }
            }
        }
        (self.aggregator, false)
    }

    fn handle(&mut self, event: ControlEvent) {
        match event {
            ControlEvent::Connected { node, connection, peer } => {
                self.peers.insert(node, (connection, peer));
            }
            ControlEvent::Message { node, message, .. } => self.aggregator.handle(&node, message),
            ControlEvent::Closed { node, connection, .. } => {
                if self.peers.get(&node).is_some_and(|(current, _)| *current == connection) {
                    self.peers.remove(&node);
                    self.aggregator.lost(&node);
                }
            }
        }
    }
}
