//! Contact plans as text, in the formats that other programs read and write.
//!
//! | format | in | out | keeps |
//! |---|---|---|---|
//! | [`jsonl`] | yes | yes | everything, to the nanosecond |
//! | [`ion`] | yes | yes | whole seconds, whole light seconds, bytes per second |
//! | [`csv`] | | yes | everything but where contacts touch |
//! | [`tvg`] | | yes | everything but that light times bend |
//!
//! Writers put out line by line and never hold the text of a plan. Importers take text of up to
//! [`MAX_PLAN_BYTES`](crate::limits::MAX_PLAN_BYTES) and name line and column of what they refuse.
//! `docs/contact-plans.md` has each format to the letter.
//!
//! ```
//! # use std::time::Duration;
//! use starloom_comms::contacts::formats::jsonl;
//! use starloom_comms::contacts::{Contact, ContactPlan};
//! # use starloom_comms::id::NodeId;
//! # use starloom_comms::units::{BitsPerSecond, MissionTime};
//! # let window = Contact {
//! #     start: MissionTime::ZERO,
//! #     end: MissionTime::NEVER,
//! #     rate: BitsPerSecond(8_000_000).into(),
//! #     light_time: Duration::from_millis(10).into(),
//! # };
//! # let plan = ContactPlan::new([(NodeId::satellite(0), NodeId::satellite(1), window)])?;
//! let mut text = Vec::new();
//! jsonl::write(&plan, &mut text)?;
//! assert_eq!(jsonl::parse(std::str::from_utf8(&text)?)?, plan);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod csv;
pub mod ion;
pub mod jsonl;
mod seconds;
mod stretches;
#[cfg(test)]
mod test_plans;
pub mod tvg;

#[cfg(test)]
mod tests {
    use std::io;

    use super::test_plans::bent_and_lasting;
    use super::*;
    use crate::contacts::ContactPlan;
    use crate::units::MissionTime;

    #[test]
    fn the_examples_of_the_documentation_are_what_is_written() {
        let chapter = include_str!("../../../../docs/contact-plans.md");
        let lasting = bent_and_lasting();
        let minute = lasting.until(MissionTime(60_000_000_000));
        let ion_of = |plan: &ContactPlan, out: &mut dyn io::Write| ion::write(plan, &ion::NodeNumbers::default(), out);
        shows(chapter, "json", &lasting, jsonl::write);
        shows(chapter, "text", &minute, ion_of);
        shows(chapter, "csv", &lasting, csv::write);
        shows(chapter, "json", &minute, tvg::write);
    }

    fn shows(
        chapter: &str,
        language: &str,
        plan: &ContactPlan,
        write: impl Fn(&ContactPlan, &mut dyn io::Write) -> io::Result<()>,
    ) {
        let mut text = Vec::new();
        write(plan, &mut text).expect("memory takes it");
        let block = format!("```{language}\n{}```\n", String::from_utf8(text).expect("text"));
        assert!(chapter.contains(&block), "the chapter does not show\n{block}");
    }
}
