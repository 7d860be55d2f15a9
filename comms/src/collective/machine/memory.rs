//! What a machine does with what it loses: begin with what was kept, and be the one that keeps what a merge loses.

use std::collections::BTreeSet;

use super::super::frame::Header;
use super::super::residual::Residual;
use super::super::schedule::{Action, Schedule};
use super::Machine;
use super::recipe::{Goes, SegmentRecipe};
use crate::codec::CodecError;
use crate::id::Rank;

impl Machine {
    /// Begins with what was kept, if losses are.
    pub(super) fn remember(&mut self, residual: Option<Residual>) {
        let Some(mut residual) = residual else { return };
        let owns = |recipe: &SegmentRecipe| {
            recipe.is_one && recipe.groups.iter().any(|group| matches!(group.goes, Goes::Into { .. }))
        };
        for (segment, _) in self.schedule.segments().iter().zip(&self.recipes).filter(|(_, recipe)| !owns(recipe)) {
            residual.disown(segment.range());
        }
        self.residual = Some(residual);
        self.keeps = merges(&self.schedule, self.rank);
        for before in (0..self.rank.0).map(Rank) {
            self.keeps = &self.keeps - &merges(&self.schedule, before);
        }
    }

    /// Keeps what the merging of shares has lost, as the first of those that merge them.
    pub(super) fn keep_of_merge(
        &mut self,
        header: &Header,
        number: u32,
        sum: &[f32],
        payload: &[u8],
    ) -> Result<(), CodecError> {
        let range = self.range(header.segment, number);
        let Some(residual) = self.residual.as_mut().filter(|_| self.keeps.contains(&(header.segment, header.share)))
        else {
            return Ok(());
        };
        let mut sent = vec![0.0; sum.len()];
        header.wire.decode(payload, &mut sent)?;
        for ((kept, sum), sent) in residual.of_sums(range).iter_mut().zip(sum).zip(sent) {
            *kept += sum - sent;
        }
        Ok(())
    }
}

/// The shares that a rank merges, by segment and share.
fn merges(schedule: &Schedule, rank: Rank) -> BTreeSet<(u32, u32)> {
    let merges = schedule.program(rank).iter().filter(|step| step.action == Action::Merge);
    merges.map(|step| (step.segment, step.share)).collect()
}
