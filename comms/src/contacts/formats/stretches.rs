//! A contact as a row of stretches, for formats that know one rate at a time.

use std::time::Duration;

use crate::contacts::Contact;
use crate::units::{BitsPerSecond, MissionTime};

/// A part of a contact with one rate, over which the light time is a straight line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The first instant of it.
    pub(super) start: MissionTime,
    /// The first instant after it.
    pub(super) end: MissionTime,
    /// The rate all along.
    pub(super) rate: BitsPerSecond,
    /// The light time at the start and at the end.
    pub(super) light_time: [Duration; 2],
}

/// The stretches of a contact: without a gap, in the order of time, cut where the rate steps and where the light time bends.
pub(super) fn stretches(contact: &Contact) -> Vec<Stretch> {
    let Contact { start, end, rate, light_time } = contact;
    let steps = rate.steps_between(*start, *end).map(|(at, _)| at);
    let knots = light_time.knots_between(*start, *end).map(|(at, _)| at);
    let mut edges: Vec<MissionTime> = steps.chain(knots).chain([*end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let stretch = |pair: &[MissionTime]| Stretch {
        start: pair[0],
        end: pair[1],
        rate: rate.at(pair[0]),
        light_time: [light_time.at(pair[0]), light_time.at(pair[1])],
    };
    edges.windows(2).map(stretch).collect()
}
