//! Every sample is accounted for: used once, or lost.

use std::collections::{BTreeMap, BTreeSet};

use starloom_aggregator::engine::Record;
use starloom_comms::control::View;
use starloom_comms::events::What;
use starloom_comms::id::NodeId;
use starloom_comms::ledger::Dealer;

use crate::world::{PER_NODE, SAMPLES, World, at_ends};

/// Plays the journal's commits with a dealer of its own, and a plain set of samples beside it.
fn every_sample_is_accounted_for(world: &World) -> Result<(), String> {
    let names = |view: &View| view.members.iter().map(|member| member.id.clone()).collect::<Vec<NodeId>>();
    let mut dealer = Dealer::new(SAMPLES, 7);
    let mut roster = Vec::new();
    let (mut issued, mut used) = (0, 0);
    let mut seen: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for record in &world.journal {
        let commit = match record {
            Record::Opened { view, .. } => {
                roster = names(view);
                continue;
            }
            Record::Committed(commit) => commit,
            _ => continue,
        };
        let issue = dealer.issue(&roster, PER_NODE);
        issued += issue.deals.values().map(|deal| deal.len() as u64).sum::<u64>();
        let round = commit.round;
        let mean = world.collective.contributions(commit.digest).ok_or(format!("round {round} is of no attempt"))?;
        let sizes: Vec<_> = mean.iter().map(|(node, samples)| (node.clone(), samples.len() as u64)).collect();
        if *commit.contributors != *sizes {
            return Err(format!("round {round}: {sizes:?} are in it, {:?} are booked", commit.contributors));
        }
        for sample in mean.values().flatten() {
            used += 1;
            if !seen.entry(issue.epoch).or_default().insert(*sample) {
                return Err(format!("round {round}: sample {sample} is used again in epoch {}", issue.epoch));
            }
        }
        roster = names(&commit.view);
        dealer.commit(&issue, &commit.contributors, &roster);
    }
    let booked = world.events.iter().rev().find_map(|event| match event {
        What::Finished { samples_used, samples_lost, samples_partial, .. } => {
            Some((*samples_used, *samples_lost, *samples_partial))
        }
        _ => None,
    });
    match booked {
        Some(books) if books == (used, issued - used, 0) => Ok(()),
        other => Err(format!("{issued} samples were issued and {used} used; the books say {other:?}")),
    }
}

#[test]
fn every_sample_is_used_once_or_lost() {
    at_ends(8000..8150, every_sample_is_accounted_for);
}
