//! A contact plan as a table, for spreadsheets and data frames. Out only.
//!
//! One row for each stretch of a contact with one rate, over which the light time is a straight line; a contact with one rate
//! and one light time is one row. Seconds are exact to the nanosecond; `end_s` is empty if the contact lasts.
//! A contact that begins when another ends looks as if it were a part of it.

use std::io;

use super::seconds::Seconds;
use super::stretches::stretches;
use crate::contacts::ContactPlan;
use crate::units::MissionTime;

/// The names of the columns. Both light times are in seconds: at the start and at the end of the row.
pub const HEADER: &str = "from,to,start_s,end_s,rate_bps,light_time_s,light_time_end_s";

/// Writes the table, ordered by sender, receiver and time.
///
/// # Errors
/// What `out` refuses.
pub fn write(plan: &ContactPlan, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    for (from, to, contacts) in plan.lanes() {
        for stretch in contacts.iter().flat_map(stretches) {
            write!(out, "{from},{to},{},", Seconds::from(stretch.start))?;
            if stretch.end < MissionTime::NEVER {
                write!(out, "{}", Seconds::from(stretch.end))?;
            }
            let [light, light_end] = stretch.light_time.map(Seconds::from);
            writeln!(out, ",{},{light},{light_end}", stretch.rate.0)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::test_plans::bent_and_lasting;
    use super::*;

    #[test]
    fn a_row_is_a_stretch_with_one_rate_and_a_straight_light_time() {
        let mut text = Vec::new();
        write(&bent_and_lasting(), &mut text).expect("memory takes it");
        let rows = "from,to,start_s,end_s,rate_bps,light_time_s,light_time_end_s\n\
            sat-0,sat-1,10.5,15,800,0.0035,0.0044\n\
            sat-0,sat-1,15,20.5,800,0.0044,0.0033\n\
            sat-0,sat-1,20.5,30.000000001,1600,0.0033,0.0014\n\
            sat-1,station,0,,9,1.5,1.5\n";
        assert_eq!(String::from_utf8(text).as_deref(), Ok(rows));
    }
}
