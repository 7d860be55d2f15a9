mod closed_forms;
mod plans;
mod properties;
mod schedules;
mod twin;
