//! The optimizer that all replicas share in `ddp`: plain loops over flat vectors.
//!
//! It is part of the common state, so it has to give the same bits on every machine. Each operation is one IEEE 754
//! rounding of `f32` in a fixed order, which no compiler flag or instruction set changes; Burn's kernels, which promise no
//! such thing, serve the inner steps of the other modes. The formulas are Burn's and PyTorch's: SGD with coupled weight decay
//! and undampened momentum, and AdamW (Loshchilov and Hutter, 2019).
//!
//! One thing comes from outside: the rate of a `cosine` schedule is as exact as the platform's `cos`, so with it nodes need the
//! same binary and the same C library.

use starloom_comms::scenario::{Optimizer, Training};

/// An optimizer with its state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReplicatedOptimizer {
    rule: Optimizer,
    weight_decay: f64,
    /// Steps taken.
    steps: u64,
    /// One vector as long as the parameters for each of [`names`] of the rule.
    moments: Vec<Vec<f32>>,
}

/// What the vectors of an optimizer's state are called in a checkpoint.
fn names(rule: Optimizer) -> &'static [&'static str] {
    match rule {
        Optimizer::Sgd { .. } => &["velocity"],
        Optimizer::AdamW { .. } => &["first_moment", "second_moment"],
    }
}

impl ReplicatedOptimizer {
    /// An optimizer of `parameters` parameters that has taken no step.
    pub(crate) fn new(training: &Training, parameters: usize) -> Self {
        let rule = training.optimizer;
        let moments = vec![vec![0.0; parameters]; names(rule).len()];
        Self { rule, weight_decay: training.weight_decay, steps: 0, moments }
    }

    /// Steps taken.
    pub(crate) const fn steps(&self) -> u64 {
        self.steps
    }

    /// The vectors of its state, with their names.
    pub(crate) fn state(&self) -> impl Iterator<Item = (&'static str, &[f32])> {
        names(self.rule).iter().copied().zip(self.moments.iter().map(Vec::as_slice))
    }

    /// The same optimizer after `steps` steps with the state that `vector` gives for each name; `None` if it gives none, or
    /// one of another length.
    pub(crate) fn restored(mut self, steps: u64, mut vector: impl FnMut(&str) -> Option<Vec<f32>>) -> Option<Self> {
        for (name, moment) in names(self.rule).iter().zip(&mut self.moments) {
            *moment = vector(name).filter(|stored| stored.len() == moment.len())?;
        }
        self.steps = steps;
        Some(self)
    }

    /// Moves `parameters` against `gradient`. All three have the same length.
    pub(crate) fn step(&mut self, parameters: &mut [f32], gradient: &[f32], learning_rate: f64) {
        self.steps += 1;
        match (self.rule, &mut self.moments[..]) {
            (Optimizer::Sgd { momentum, nesterov }, [velocity]) => {
                let rule = Sgd { momentum: single(momentum), nesterov, decay: single(self.weight_decay) };
                rule.step(parameters, gradient, velocity, single(learning_rate));
            }
            (Optimizer::AdamW { beta_1, beta_2, epsilon }, [first, second]) => {
                let rule = AdamW {
                    betas: [single(beta_1), single(beta_2)],
                    epsilon: single(epsilon),
                    keep: single(1.0 - learning_rate * self.weight_decay),
                    corrections: [1.0 - power(beta_1, self.steps), 1.0 - power(beta_2, self.steps)].map(single),
                };
                rule.step(parameters, gradient, [first, second], single(learning_rate));
            }
            _ => unreachable!("the state has the vectors that its rule names"),
        }
    }
}

struct Sgd {
    momentum: f32,
    nesterov: bool,
    decay: f32,
}

impl Sgd {
    fn step(&self, parameters: &mut [f32], gradient: &[f32], velocity: &mut [f32], rate: f32) {
        for ((parameter, gradient), velocity) in parameters.iter_mut().zip(gradient).zip(velocity) {
            let gradient = *gradient + self.decay * *parameter;
            *velocity = self.momentum * *velocity + gradient;
            let direction = if self.nesterov { self.momentum * *velocity + gradient } else { *velocity };
            *parameter -= rate * direction;
        }
    }
}

struct AdamW {
    betas: [f32; 2],
    epsilon: f32,
    /// What weight decay leaves of a parameter.
    keep: f32,
    /// What the moments are divided by, as they start from zero.
    corrections: [f32; 2],
}

impl AdamW {
    fn step(&self, parameters: &mut [f32], gradient: &[f32], moments: [&mut Vec<f32>; 2], rate: f32) {
        let [first, second] = moments;
        let [beta_1, beta_2] = self.betas;
        let [correction_1, correction_2] = self.corrections;
        for (((parameter, gradient), first), second) in parameters.iter_mut().zip(gradient).zip(first).zip(second) {
            *first = beta_1 * *first + (1.0 - beta_1) * *gradient;
            *second = beta_2 * *second + (1.0 - beta_2) * (*gradient * *gradient);
            let direction = (*first / correction_1) / ((*second / correction_2).sqrt() + self.epsilon);
            *parameter = *parameter * self.keep - rate * direction;
        }
    }
}

/// `base^exponent` by squaring: the library's `powf` may differ between machines in the last bit.
fn power(base: f64, mut exponent: u64) -> f64 {
    let (mut result, mut square) = (1.0, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    result
}

#[expect(clippy::cast_possible_truncation, reason = "parameters are f32")]
const fn single(value: f64) -> f32 {
    value as f32
}

/// Shortens `gradient` to the norm `largest` if it is longer, over all parameters together, and gives the norm that it had.
/// One with a number that is not finite is left as it is.
pub(crate) fn clip_to_norm(gradient: &mut [f32], largest: f64) -> f64 {
    // In order and in f64: the same sum on every machine.
    let norm = gradient.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
    if norm.is_finite() && norm > largest {
        let factor = single(largest / norm);
        for value in gradient {
            *value *= factor;
        }
    }
    norm
}

#[cfg(test)]
#[path = "optimizer_tests.rs"]
mod tests;
