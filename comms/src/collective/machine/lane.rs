//! One lane's place in its list of steps.

/// The steps of one lane, and how far it has come: to which frame of which step.
#[derive(Debug)]
pub(super) struct Lane<T> {
    steps: Vec<T>,
    step: usize,
    frame: u32,
    /// What the frames of the step so far say about samples.
    pub(super) samples: Option<u64>,
}

impl<T: Copy> Lane<T> {
    pub(super) const fn new(steps: Vec<T>) -> Self {
        Self { steps, step: 0, frame: 0, samples: None }
    }

    /// The step and the number of its frame that are next.
    pub(super) fn next(&self) -> Option<(T, u32)> {
        self.steps.get(self.step).map(|step| (*step, self.frame))
    }

    /// Goes on to the next frame, where the step has `frames` of them.
    pub(super) fn advance(&mut self, frames: usize) {
        self.frame += 1;
        if self.frame as usize == frames {
            self.step += 1;
            self.frame = 0;
            self.samples = None;
        }
    }
}
