//! What is committed is never lost.

use std::collections::BTreeMap;

use starloom_aggregator::engine::Record;
use starloom_comms::id::{Digest, Round};

use crate::member::Life;
use crate::world::{World, at_ends, in_worlds};

fn commits(world: &World) -> Result<BTreeMap<Round, Digest>, String> {
    let mut commits = BTreeMap::new();
    for record in &world.journal {
        if let Record::Committed(commit) = record
            && commits.insert(commit.round, commit.digest).is_some()
        {
            return Err(format!("round {} was committed twice", commit.round));
        }
    }
    Ok(commits)
}

#[test]
fn nobody_applies_what_the_journal_does_not_hold() {
    in_worlds(2000..2100, |world| {
        let commits = commits(world)?;
        for member in &world.members {
            for (round, digest) in (1..).map(Round).zip(&member.applied) {
                if commits.get(&round) != Some(digest) {
                    return Err(format!("{} applied round {round}, which was not committed", member.id));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a_restarted_aggregator_knows_every_commit() {
    in_worlds(3000..3100, |world| {
        let committed = world.engine.as_ref().map(|engine| engine.committed().0);
        match committed.filter(|&committed| committed != commits(world).unwrap_or_default().len() as u64) {
            Some(committed) => Err(format!("the aggregator is at round {committed}, its journal is not")),
            None => Ok(()),
        }
    });
}

#[test]
fn members_that_see_the_end_have_applied_every_commit() {
    at_ends(4000..4150, |world| {
        let commits = commits(world)?;
        for member in world.members.iter().filter(|member| member.life == Life::Left) {
            if member.applied.len() != commits.len() {
                return Err(format!("{} applied {} of {} commits", member.id, member.applied.len(), commits.len()));
            }
        }
        Ok(())
    });
}
