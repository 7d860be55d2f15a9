use std::path::Path;

use super::*;
use starloom_comms::scenario::Scenario;
