//! What a rank has lost in encoding and still means to say: error feedback.
//!
//! A format that loses much is fed back what it lost (Seide and others, "1-Bit Stochastic Gradient Descent", Interspeech 2014;
//! Karimireddy and others, "Error Feedback Fixes SignSGD", ICML 2019, [arXiv:1901.09847](https://arxiv.org/abs/1901.09847)).
//! In an all-reduce numbers are encoded in two units, and each loss is kept where it happened and in the unit of what was encoded:
//!
//! - partial sums, weighted by samples, wherever a rank sends one on. What is kept is added to the next partial sum of the same
//!   elements that the rank encodes, or adds up as their owner.
//! - means, where the owner of a segment encodes it for all. What is kept is added to the next mean of the same elements that the
//!   rank owns. If another rank owns them by then, it becomes part of a sum, by the samples of the mean that it was lost from.
//!
//! A share that several ranks merge has to come out the same on all of them. So nothing is added to it, and of these ranks the
//! first keeps the loss.
//!
//! So what was sent and what remains is what was meant, over all ranks and rounds, up to the rounding of `f32`. A machine leaves
//! what it began with untouched: an attempt that fails has lost nothing.

/// What one rank keeps, for vectors of one length. That of a rank that has lost nothing yet is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Residual {
    /// In units of sums: of values times samples.
    sums: Vec<f32>,
    /// In units of means.
    means: Vec<f32>,
    /// Samples in the mean that `means` was lost from.
    samples: u64,
}

impl Residual {
    /// What is kept of partial sums, in units of values times samples; empty if there was no round yet.
    #[must_use]
    pub fn sums(&self) -> &[f32] {
        &self.sums
    }

    /// What is kept of means.
    #[must_use]
    pub fn means(&self) -> &[f32] {
        &self.means
    }

    /// Samples in the mean that [`Residual::means`] was lost from.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// What a round of vectors with so many elements begins with.
    pub(super) fn of_length(&self, elements: usize) -> Self {
        let mut begun = self.clone();
        begun.sums.resize(elements, 0.0);
        begun.means.resize(elements, 0.0);
        begun
    }

    /// Of partial sums, to be read and replaced.
    pub(super) fn of_sums(&mut self, range: std::ops::Range<usize>) -> &mut [f32] {
        &mut self.sums[range]
    }

    /// Of means, to be read and replaced.
    pub(super) fn of_means(&mut self, range: std::ops::Range<usize>) -> &mut [f32] {
        &mut self.means[range]
    }

    /// Adds what is kept of sums to one, which is not encoded.
    pub(super) fn pay_into(&mut self, range: std::ops::Range<usize>, sum: &mut [f32]) {
        for (kept, sum) in self.sums[range].iter_mut().zip(sum) {
            *sum += std::mem::take(kept);
        }
    }

    /// Makes what is kept of means part of sums, for elements that another rank owns now.
    #[expect(clippy::cast_precision_loss, reason = "a relative 2^-24 of a weight")]
    pub(super) fn disown(&mut self, range: std::ops::Range<usize>) {
        let samples = self.samples as f32;
        for (sum, mean) in self.sums[range.clone()].iter_mut().zip(&mut self.means[range]) {
            *sum += std::mem::take(mean) * samples;
        }
    }

    /// Means of so many samples are about to be kept.
    pub(super) const fn count(&mut self, samples: u64) {
        self.samples = samples;
    }
}
