//! What a machine does with what it loses: begin with what was kept, encode with it, and be the one that keeps what a merge
//! loses.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::frame::Header;
use super::super::residual::Residual;
use super::super::schedule::{Action, Schedule};
use super::recipe::{Goes, SegmentRecipe};
use super::{Machine, weight};
use crate::codec::{CodecError, Format, Weighted};
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
            if self.keeps.is_empty() {
                break;
            }
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

/// Encodes a sum as it is, keeping what is lost.
pub(super) fn encode_sum(
    wire: Format,
    residual: &mut Option<Residual>,
    range: Range<usize>,
    sum: &[f32],
    payload: &mut [u8],
) -> Result<(), CodecError> {
    let sum = Weighted { values: sum, weight: 1.0 };
    match residual {
        Some(residual) => wire.encode_keeping(sum, residual.of_sums(range), payload),
        None => wire.encode(sum, payload),
    }
}

/// Makes the mean of a sum over so many samples, adding what was kept and keeping what is lost.
pub(super) fn encode_mean(
    wire: Format,
    residual: &mut Option<Residual>,
    range: Range<usize>,
    sum: &mut [f32],
    samples: u64,
    payload: &mut [u8],
) -> Result<(), CodecError> {
    match residual {
        // Of nothing there is no mean that could make up for anything.
        Some(residual) if samples > 0 => {
            residual.count(samples);
            residual.pay_into(range.clone(), sum);
            wire.mean_keeping(sum, weight(samples), residual.of_means(range), payload)
        }
        _ => wire.mean(sum, weight(samples.max(1)), payload),
    }
}
