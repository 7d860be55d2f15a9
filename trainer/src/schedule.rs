//! The learning rate of a step, as a pure function: every replica computes the same.

use std::f64::consts::PI;

use starloom_comms::scenario::{LearningRateSchedule, Training};

/// The learning rate of step `step`, from 0, of a job's [`Training::steps`].
///
/// In the warm-up of `w` steps it is `(step + 1) / w` of `learning_rate`; after it, with `p` from 0 at the first step after
/// the warm-up to 1 at the end of the job, `1`, `(1 + cos πp) / 2` or `1 - p` of it. Beyond the end it stays at the last
/// value.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
pub fn learning_rate(training: &Training, step: u64) -> f64 {
    let (total, warmup) = (training.steps(), training.warmup_steps);
    if step < warmup {
        return training.learning_rate * (step + 1) as f64 / warmup as f64;
    }
    let falling = total.saturating_sub(warmup).max(1);
    let progress = ((step - warmup) as f64 / falling as f64).min(1.0);
    let share = match training.schedule {
        LearningRateSchedule::Constant => 1.0,
        LearningRateSchedule::Cosine => f64::midpoint(1.0, (PI * progress).cos()),
        LearningRateSchedule::Linear => 1.0 - progress,
    };
    training.learning_rate * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::training;

    fn scheduled(schedule: LearningRateSchedule, warmup_steps: u64) -> Training {
        Training { rounds: 25, inner_steps: 4, learning_rate: 0.4, warmup_steps, schedule, ..training() }
    }

    #[track_caller]
    fn assert_close(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-12, "{left} is not {right}");
    }

    #[test]
    fn a_warm_up_rises_to_the_full_rate() {
        let training = scheduled(LearningRateSchedule::Constant, 10);
        for step in 0..10 {
            assert_close(learning_rate(&training, step), 0.4 * (step + 1) as f64 / 10.0);
        }
        assert_close(learning_rate(&training, 10), 0.4);
        assert_close(learning_rate(&training, 99), 0.4);
    }

    #[test]
    fn a_cosine_is_at_its_closed_form_at_quarters() {
        let training = scheduled(LearningRateSchedule::Cosine, 20);
        for (step, share) in [(20, 1.0), (40, (2.0 + 2.0_f64.sqrt()) / 4.0), (60, 0.5), (100, 0.0), (1000, 0.0)] {
            assert_close(learning_rate(&training, step), 0.4 * share);
        }
    }

    #[test]
    fn a_line_falls_by_the_same_amount_each_step() {
        let training = scheduled(LearningRateSchedule::Linear, 0);
        assert_close(learning_rate(&training, 0), 0.4);
        assert_close(learning_rate(&training, 25), 0.3);
        assert_close(learning_rate(&training, 99), 0.004);
        assert_close(learning_rate(&training, 100), 0.0);
    }

    #[test]
    fn a_warm_up_as_long_as_the_job_is_all_there_is() {
        let training = scheduled(LearningRateSchedule::Cosine, 100);
        assert_close(learning_rate(&training, 99), 0.4);
        assert!(learning_rate(&training, 100).is_finite());
    }
}
