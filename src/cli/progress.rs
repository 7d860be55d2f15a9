//! A bar on standard error for work that takes seconds, where somebody watches.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// What is being worked on, on a terminal.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Parts of the whole that a bar shows.
    const PARTS: f64 = 1_000.0;

    pub(super) fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(Self::PARTS as u64);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(bar))
    }

    /// Something begins whose end is not known.
    pub(super) fn stage(&self, what: String) {
        self.show("{spinner} {msg} {elapsed}");
        if let Some(bar) = &self.0 {
            bar.set_message(what);
        }
    }

    /// So much of it is done, from 0 to 1.
    pub(super) fn share(&self, share: f64) {
        self.show("{bar:40} {percent} % {msg} {elapsed}, {eta} left");
        if let Some(bar) = &self.0 {
            bar.set_position((share * Self::PARTS) as u64);
        }
    }

    #[expect(clippy::expect_used, reason = "the templates are constants")]
    fn show(&self, template: &str) {
        if let Some(bar) = &self.0 {
            bar.set_style(ProgressStyle::with_template(template).expect("a valid template"));
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
