//! What goes wrong in a world.

use rand::RngExt;
use starloom_comms::id::NodeId;

use super::{Pair, World};

/// What goes wrong in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Disaster {
    Kill(u32),
    /// It comes back when the world wants it to.
    CrashAggregator,
    /// Both ends live on.
    BreakLane(u32, u32),
    /// Both ends live on.
    BreakControl(u32),
}

impl World {
    pub(crate) fn strike(&mut self, disaster: Disaster) {
        match disaster {
            Disaster::Kill(index) => self.kill(NodeId::satellite(index)),
            Disaster::CrashAggregator => {
                let Some(aggregator) = self.aggregator.take() else { return };
                self.crashed = Some(aggregator);
                for id in std::mem::take(&mut self.online) {
                    self.hang_up(&id);
                }
                self.up.clear();
            }
            Disaster::BreakLane(from, to) => self.break_lane((NodeId::satellite(from), NodeId::satellite(to))),
            Disaster::BreakControl(index) => {
                let id = NodeId::satellite(index);
                if self.online.remove(&id) {
                    self.hang_up(&id);
                    // The aggregator would count it as lost; here the node is faster.
                    self.up.remove(&id);
                }
            }
        }
    }

    fn kill(&mut self, id: NodeId) {
        if self.nodes[&id].left || !self.killed.insert(id.clone()) {
            return;
        }
        self.down.remove(&id);
        self.online.remove(&id);
        if self.aggregator.is_some() {
            let up = self.up.entry(id.clone()).or_default();
            up.truncate(self.rng.random_range(0..=up.len()));
            up.push_back(None);
        }
        for pair in self.connected.clone() {
            if pair.0 == id || pair.1 == id {
                self.break_lane(pair);
            }
        }
        self.wanted.retain(|(from, _)| *from != id);
        self.broken.retain(|(from, _)| *from != id);
        self.lanes.retain(|(_, to), _| *to != id);
    }

    /// The node's end: what was on the way may still arrive in part.
    fn hang_up(&mut self, id: &NodeId) {
        let down = self.down.entry(id.clone()).or_default();
        down.truncate(self.rng.random_range(0..=down.len()));
        down.push_back(None);
    }

    fn break_lane(&mut self, pair: Pair) {
        if !self.connected.remove(&pair) {
            return;
        }
        let stream = self.lanes.entry(pair.clone()).or_default();
        let kept = stream.iter().rposition(Option::is_none).map_or(0, |notice| notice + 1);
        stream.truncate(self.rng.random_range(kept..=stream.len()));
        stream.push_back(None);
        self.broken.insert(pair);
    }
}
