//! What a satellite's trainer does, at the instants of the mission at which it does it.

use std::sync::Arc;

use starloom_comms::collective::Contribution;
use starloom_comms::events::{Phase, What};
use starloom_comms::id::{Attempt, NodeId, Round};
use starloom_comms::member::Event;

use super::trainer::{Reply, Word};
use super::world::{Happening, World};

impl World<'_> {
    /// Lets a node's trainer go on until it has to wait for the mission.
    pub(super) fn follow_trainer(&mut self, id: &NodeId) {
        while let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) {
            let Some(trainer) = &mut node.trainer else { return };
            match trainer.next() {
                Word::Says(what) => self.tell(id, what),
                Word::Enters(round, attempt, phase) => self.enter_training(id, round, attempt, phase),
                Word::Begins(samples) => {
                    node.computes = (self.now, self.computers.done(id, self.now, samples));
                    self.computing.insert((self.now, id.clone()));
                    return self.agenda.plan(node.computes.1, Happening::Computed(id.clone()));
                }
                Word::Wrote(checkpoint) => {
                    let (round, state) = (checkpoint.round, checkpoint.state);
                    node.checkpoints.insert(round, Arc::new(*checkpoint));
                    self.tell_member(id, Event::CheckpointWritten { round, state });
                }
                Word::Leaves(report) => return self.leave(id, report),
                Word::Meets(_) | Word::Contributes { .. } => {}
                Word::Fails(why) => return self.end(id, &why),
            }
        }
    }

    fn enter_training(&mut self, id: &NodeId, round: Round, attempt: Attempt, phase: Phase) {
        self.enter(id, round, attempt, phase);
        if let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) {
            node.reply(self.now, Reply::GoOn);
        }
    }

    /// A node has computed: what it did meanwhile is told at the instants at which it did it.
    pub(super) fn computed(&mut self, id: &NodeId) {
        loop {
            let Some(node) = self.nodes.get_mut(id).filter(|node| node.lives()) else { return };
            let (began, done) = node.computes;
            let Some(trainer) = &mut node.trainer else { return };
            match trainer.next() {
                Word::Says(what) => {
                    let at = match what {
                        What::Step { step, of, .. } => began + done.since(began) / of.max(1) * step,
                        _ => self.now,
                    };
                    self.chronicle.tell(at.min(self.now), id, what);
                }
                Word::Contributes { vector, samples } => {
                    self.computing.remove(&(began, id.clone()));
                    let contribution = Contribution::new(Arc::new(vector), samples);
                    return self.tell_member(id, Event::Contribution(contribution));
                }
                Word::Fails(why) => return self.end(id, &why),
                _ => {}
            }
        }
    }
}
