//! Times: seconds after a reference, or dates.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::error::{IonError, IonProblem};
use super::field::{Field, whole};
use crate::units::MissionTime;

/// Nanoseconds of a second.
pub(super) const SECOND: u64 = 1_000_000_000;

/// What times are counted from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference {
    /// When the mission starts, if that is known.
    pub(super) start: Option<Timestamp>,
    /// What `+0` means.
    pub(super) zero: MissionTime,
}

impl Reference {
    /// The mission time that a field says.
    pub(super) fn read(&self, field: &Field<'_>) -> Result<MissionTime, IonError> {
        let outside = || field.refuse(IonProblem::Outside { found: field.shown() });
        let no_time = || field.refuse(IonProblem::Time { found: field.shown() });
        if let Some(seconds) = field.text.strip_prefix('+') {
            let seconds = whole(seconds).ok_or_else(no_time)?;
            let at = seconds.checked_mul(SECOND).and_then(|after| after.checked_add(self.zero.0));
            return at.map(MissionTime).filter(|at| *at < MissionTime::NEVER).ok_or_else(outside);
        }
        let date = date(field.text).ok_or_else(no_time)?;
        let start = self.start.ok_or_else(|| field.refuse(IonProblem::NoStart { found: field.shown() }))?;
        let after = date.as_nanosecond() - start.as_nanosecond();
        u64::try_from(after).ok().map(MissionTime).filter(|at| *at < MissionTime::NEVER).ok_or_else(outside)
    }
}

/// `yyyy/mm/dd-hh:mm:ss` in UTC.
fn date(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once('-')?;
    let [year, month, day] = three(day, '/')?;
    let [hour, minute, second] = three(time, ':')?;
    let [month, day, hour, minute, second] =
        [month, day, hour, minute, second].map(|part| i8::try_from(part).unwrap_or(-1));
    let date = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Offset::UTC.to_timestamp(date).ok()
}

/// Three numbers of up to four digits, these with leading zeros or not.
fn three(text: &str, between: char) -> Option<[i16; 3]> {
    let mut parts = text.split(between).map(|part| {
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| digits)
    });
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}
