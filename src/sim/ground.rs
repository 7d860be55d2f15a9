//! Deliveries in virtual time: chunks go down in passes, through the emulated laser, into the inbox that a real station has.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use starloom_comms::contacts::ActualContacts;
use starloom_comms::custody::{Carried, Chunk, Manifest, Pass, PassAccount, pack};
use starloom_comms::events::What;
use starloom_comms::id::{Digest, NodeId, Round};
use starloom_comms::member::{Event, Landing};
use starloom_comms::net::ground::{ChunkSource, FileChunks, GroundInbox, Landed};
use starloom_comms::net::laser::Laser;
use starloom_comms::net::membership::WrittenCheckpoint;
use starloom_comms::units::MissionTime;

use super::station::Voice;

/// The station, and all that is on its way to it.
pub(super) struct Ground {
    inbox: Box<dyn GroundInbox>,
    voice: Arc<Voice>,
    contacts: Arc<ActualContacts>,
    byte_scale: f64,
    lasers: BTreeMap<NodeId, Laser>,
    deliveries: BTreeMap<(NodeId, Round), Delivery>,
}

struct Delivery {
    manifest: Manifest,
    /// Where its bytes are; nothing if it has none.
    source: Option<FileChunks>,
    wanted: VecDeque<Chunk>,
    under_way: usize,
    account: PassAccount,
}

/// What a delivery does next.
#[derive(Debug)]
pub(super) enum Step {
    /// The manifest is at the station.
    Offered(Pass),
    /// The laser is free for the next chunk.
    Send,
    /// A chunk is at the station: so many bytes as it travelled.
    Arrived(Pass, Chunk, u64, Bytes),
}

/// What follows from a step.
#[derive(Debug, Default)]
pub(super) struct Sequel {
    /// Steps to come.
    pub(super) steps: Vec<(MissionTime, Step)>,
    /// What is told, and by whom.
    pub(super) told: Vec<(NodeId, What)>,
    /// What the delivering node learns, and when.
    pub(super) learns: Option<(MissionTime, Event)>,
}

impl Ground {
    /// A station that keeps things in `inbox`, which says what happens by `voice`.
    pub(super) fn new(
        inbox: Box<dyn GroundInbox>,
        voice: Arc<Voice>,
        contacts: Arc<ActualContacts>,
        byte_scale: f64,
    ) -> Self {
        Self { inbox, voice, contacts, byte_scale, lasers: BTreeMap::new(), deliveries: BTreeMap::new() }
    }

    /// A node begins to deliver. Nothing stands for a checkpoint that it does not have.
    pub(super) fn begin(
        &mut self,
        node: &NodeId,
        round: Round,
        checkpoint: Option<&WrittenCheckpoint>,
        now: MissionTime,
    ) -> Sequel {
        let mut sequel = Sequel::default();
        let Some(checkpoint) = checkpoint else {
            return failed(sequel, now, round, "this node holds no checkpoint of that round".to_owned());
        };
        let manifest = checkpoint.manifest.clone();
        let source = match checkpoint.file.as_os_str().is_empty() {
            true => None,
            false => match FileChunks::open(&checkpoint.file, &manifest) {
                Ok(source) => Some(source),
                Err(error) => return failed(sequel, now, round, error.to_string()),
            },
        };
        let bytes = manifest.to_json().len() as u64;
        let delivery =
            Delivery { manifest, source, wanted: VecDeque::new(), under_way: 0, account: PassAccount::default() };
        self.deliveries.insert((node.clone(), round), delivery);
        match self.beam(node, round, now, bytes) {
            Ok((pass, _, arrival)) => sequel.steps.push((arrival, Step::Offered(pass))),
            Err(obstacle) => {
                self.deliveries.remove(&(node.clone(), round));
                return failed(sequel, now, round, format!("the manifest never reaches the station: {obstacle}"));
            }
        }
        sequel
    }

    /// Takes the next step of a delivery.
    pub(super) fn step(&mut self, node: &NodeId, round: Round, step: Step, now: MissionTime) -> Sequel {
        self.voice.set(now);
        let mut sequel = Sequel::default();
        if self.deliveries.contains_key(&(node.clone(), round)) {
            let outcome = match step {
                Step::Offered(pass) => self.offered(node, round, pass, now, &mut sequel),
                Step::Send => self.send(node, round, now, &mut sequel),
                Step::Arrived(pass, chunk, packed, bytes) => {
                    self.arrived((node, round), (pass, chunk, packed, bytes), now, &mut sequel)
                }
            };
            if let Err(reason) = outcome {
                self.close(node, round, &mut sequel);
                sequel = failed(sequel, now, round, reason);
            }
        }
        sequel.told.splice(0..0, self.voice.take().into_iter().map(|what| (NodeId::station(), what)));
        sequel
    }

    /// A satellite is gone, with what it was delivering.
    pub(super) fn lose(&mut self, node: &NodeId) {
        self.deliveries.retain(|(from, _), _| from != node);
    }

    fn offered(
        &mut self,
        node: &NodeId,
        round: Round,
        pass: Pass,
        now: MissionTime,
        sequel: &mut Sequel,
    ) -> Result<(), String> {
        let Some(delivery) = self.deliveries.get_mut(&(node.clone(), round)) else { return Ok(()) };
        delivery.account.arrives(pass, None);
        let missing = self.inbox.offer(node, &delivery.manifest).map_err(|refusal| refusal.reason)?;
        delivery.wanted = missing.into();
        if delivery.wanted.is_empty() {
            return self.land(node, round, now, sequel);
        }
        sequel.steps.push((now + self.light(node, now), Step::Send));
        Ok(())
    }

    fn send(&mut self, node: &NodeId, round: Round, now: MissionTime, sequel: &mut Sequel) -> Result<(), String> {
        let Some(delivery) = self.deliveries.get_mut(&(node.clone(), round)) else { return Ok(()) };
        let Some(chunk) = delivery.wanted.pop_front() else { return Ok(()) };
        let (bytes, packed) = match &delivery.source {
            Some(source) => {
                let bytes = source.read(&chunk).map_err(|error| error.to_string())?;
                let packed = pack(&bytes).len() as u64;
                (bytes, packed)
            }
            None => (Bytes::new(), chunk.bytes),
        };
        delivery.under_way += 1;
        let (pass, sent, arrival) = self
            .beam(node, round, now, packed)
            .map_err(|obstacle| format!("a chunk of {packed} bytes never reaches the station: {obstacle}"))?;
        sequel.steps.push((sent, Step::Send));
        sequel.steps.push((arrival, Step::Arrived(pass, chunk, packed, bytes)));
        self.tell_of_passes(node, round, sequel);
        Ok(())
    }

    fn arrived(
        &mut self,
        (node, round): (&NodeId, Round),
        (pass, chunk, packed, bytes): (Pass, Chunk, u64, Bytes),
        now: MissionTime,
        sequel: &mut Sequel,
    ) -> Result<(), String> {
        let Some(delivery) = self.deliveries.get_mut(&(node.clone(), round)) else { return Ok(()) };
        delivery.account.arrives(pass, Some(packed));
        delivery.under_way -= 1;
        self.inbox.store(node, &delivery.manifest, &chunk, bytes).map_err(|refusal| refusal.reason)?;
        let all = delivery.under_way == 0 && delivery.wanted.is_empty();
        if all { self.land(node, round, now, sequel) } else { Ok(()) }
    }

    fn land(&mut self, node: &NodeId, round: Round, now: MissionTime, sequel: &mut Sequel) -> Result<(), String> {
        let Some(delivery) = self.deliveries.get(&(node.clone(), round)) else { return Ok(()) };
        let Landed { digest, bytes, path, .. } =
            self.inbox.land(node, &delivery.manifest).map_err(|refusal| refusal.reason)?;
        let landing = Landing { digest, bytes, path };
        sequel.learns = Some((now + self.light(node, now), Event::Landed { round, landing }));
        self.close(node, round, sequel);
        Ok(())
    }

    /// Sends through a node's laser: in which pass, when it has left, and when it arrives.
    fn beam(
        &mut self,
        node: &NodeId,
        round: Round,
        now: MissionTime,
        bytes: u64,
    ) -> Result<(Pass, MissionTime, MissionTime), String> {
        let fresh = || Laser::new(self.contacts.clone(), node.clone(), NodeId::station(), self.byte_scale);
        let laser = self.lasers.entry(node.clone()).or_insert_with(fresh);
        let transit = laser.schedule(now, bytes).ok_or_else(|| laser.obstacle(now, bytes).to_string())?;
        let contact = laser.contact(transit.start).ok_or("the pass is over")?;
        let pass = Pass::from(contact);
        if let Some(delivery) = self.deliveries.get_mut(&(node.clone(), round)) {
            delivery.account.departs(pass);
        }
        Ok((pass, transit.sent, transit.arrival))
    }

    /// Light time from the station to a node.
    fn light(&self, node: &NodeId, now: MissionTime) -> Duration {
        let contact = self.contacts.next(node, &NodeId::station(), now);
        contact.map_or(Duration::ZERO, |contact| contact.light_time.at(now.max(contact.start)))
    }

    fn close(&mut self, node: &NodeId, round: Round, sequel: &mut Sequel) {
        if let Some(delivery) = self.deliveries.remove(&(node.clone(), round)) {
            let digest = delivery.manifest.file().digest;
            let passes = delivery.account.close();
            self.tell(node, round, digest, passes, sequel);
        }
    }

    fn tell_of_passes(&mut self, node: &NodeId, round: Round, sequel: &mut Sequel) {
        if let Some(delivery) = self.deliveries.get_mut(&(node.clone(), round)) {
            let (digest, passes) = (delivery.manifest.file().digest, delivery.account.finished());
            self.tell(node, round, digest, passes, sequel);
        }
    }

    fn tell(&self, node: &NodeId, round: Round, digest: Digest, passes: Vec<(Pass, Carried)>, sequel: &mut Sequel) {
        for (Pass { start, end }, Carried { chunks, bytes }) in passes {
            let what = What::PassCarried {
                round,
                digest,
                station: self.contacts.station(node, start),
                start_secs: start.as_secs_f64(),
                end_secs: (end < MissionTime::NEVER).then(|| end.as_secs_f64()),
                chunks,
                bytes,
            };
            sequel.told.push((node.clone(), what));
        }
    }
}

fn failed(mut sequel: Sequel, now: MissionTime, round: Round, reason: String) -> Sequel {
    sequel.steps.clear();
    sequel.learns = Some((now, Event::DeliveryFailed { round, reason }));
    sequel
}
