//! From a document to what lasers between satellites can do.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::key::Element;
use super::super::keys;
use super::super::reader::Reader;
use super::length;
use crate::contacts::by_orbit::{Acquisition, Lasers, LinkPolicy, Outages, RatesByRange, Seam};
use crate::id::NodeId;
use crate::orbit::LinkLimits;
use crate::units::BitsPerSecond;

pub(super) fn limits(r: &mut Reader<'_, '_>) -> Option<LinkLimits> {
    let (max_range_km, grazing_altitude_km) = (r.number(&keys::MAX_RANGE), r.number(&keys::GRAZING));
    Some(LinkLimits { max_range_km: max_range_km?, grazing_altitude_km: grazing_altitude_km? })
}

pub(super) fn lasers(r: &mut Reader<'_, '_>, seed: u64) -> Option<Lasers> {
    let (rates, terminals) = (rates(r), r.integer(&keys::TERMINALS));
    let (acquisition, outages) = (acquisition(r, seed), outages(r, seed));
    Some(Lasers { rates: rates?, terminals: terminals?, acquisition: acquisition?, outages: outages? })
}

fn rates(r: &mut Reader<'_, '_>) -> Option<RatesByRange> {
    let near = r.gigabits(&keys::LASER_RATE);
    let steps: Vec<_> = (0..length(r, "links.rate_step")).map(|i| step(&mut r.of(Element::Item(i)))).collect();
    let beyond: Vec<(f64, BitsPerSecond)> = steps.into_iter().collect::<Option<_>>()?;
    if let Some(late) = (1..beyond.len()).find(|&i| beyond[i - 1].0 >= beyond[i].0) {
        let reason = format!("steps come in order, and the one before it is at {} km", beyond[late - 1].0);
        return r.of(Element::Item(late)).refuse(&keys::STEP_RANGE, &beyond[late].0.to_string(), reason);
    }
    Some(RatesByRange { near: near?, beyond })
}

fn step(r: &mut Reader<'_, '_>) -> Option<(f64, BitsPerSecond)> {
    let (beyond_km, rate) = (r.number(&keys::STEP_RANGE), r.gigabits(&keys::STEP_RATE));
    Some((beyond_km?, rate?))
}

fn acquisition(r: &mut Reader<'_, '_>, seed: u64) -> Option<Acquisition> {
    /// The reference mission's terminals take 15 s, from 5 to 60.
    const LEAST_SHARE: f64 = 1.0 / 3.0;
    const MOST_SHARE: f64 = 4.0;
    let median = r.seconds(&keys::ACQUISITION);
    let shares = [(&keys::ACQUISITION_LEAST, LEAST_SHARE), (&keys::ACQUISITION_MOST, MOST_SHARE)];
    let [least, most] =
        shares.map(
            |(key, share)| {
                if r.is_written(key) { r.seconds(key) } else { median.map(|median| share_of(median, share)) }
            },
        );
    let (failures, seed) = (r.number(&keys::ACQUISITION_FAILURES), r.seed(&keys::ACQUISITION_SEED, seed));
    let (least, median, most) = (least?, median?, most?);
    for (key, bound, holds) in
        [(&keys::ACQUISITION_LEAST, least, least <= median), (&keys::ACQUISITION_MOST, most, most >= median)]
    {
        if !holds {
            let reason = format!(
                "the median, `{}`, is {} s and lies between both",
                keys::ACQUISITION.path,
                median.as_secs_f64()
            );
            return r.refuse(key, &bound.as_secs_f64().to_string(), reason);
        }
    }
    Some(Acquisition { least, median, most, failures: failures?, seed: seed? })
}

fn outages(r: &mut Reader<'_, '_>, seed: u64) -> Option<Outages> {
    let (mean, uptime) = (r.seconds(&keys::OUTAGE_MEAN), r.number(&keys::UPTIME));
    let seed = r.seed(&keys::OUTAGE_SEED, seed);
    Some(Outages { mean: mean?, uptime: uptime?, seed: seed? })
}

/// Who may link with whom; `indices` finds satellites by their names.
pub(super) fn policy(
    r: &mut Reader<'_, '_>,
    indices: impl Fn(&mut Reader<'_, '_>, &[NodeId]) -> Option<BTreeSet<u32>>,
) -> Option<LinkPolicy> {
    let (seam, latitude) = (r.chosen(&keys::SEAM), r.number(&keys::CROSS_LATITUDE));
    let among = match r.names(&keys::AMONG)? {
        Some(names) => Some(indices(r, &names)?),
        None => None,
    };
    let seam = if seam? == "open" { Seam::Open } else { Seam::Linked };
    Some(LinkPolicy { among, seam, cross_plane_max_latitude_deg: latitude? })
}

/// A share of a span to a microsecond, as spans are read.
fn share_of(span: Duration, share: f64) -> Duration {
    Duration::from_nanos(1_000 * (crate::units::nanos(span.mul_f64(share)) / 1_000))
}
