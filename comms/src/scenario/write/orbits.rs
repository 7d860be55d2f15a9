//! Orbits as TOML.

use super::super::keys;
use super::super::orbits::{OrbitSource, Orbits, Role};
use super::writer::{Writer, gigabits, megabits, names, number, secs, text};
use crate::contacts::by_orbit::Seam;
use crate::orbit::Placement;

impl Orbits {
    pub(super) fn write(&self, out: &mut Writer) {
        self.write_constellation(out);
        self.write_links(out);
        out.put(&keys::GROUND_RATE, megabits(self.downlink.rates.near))
            .put(&keys::MIN_ELEVATION, number(self.min_elevation_deg));
        // The rate says it all.
        out.unset(&keys::BAND);
        let weather = &self.downlink.weather;
        out.put(&keys::PASS_SUCCESS, number(weather.success)).put(&keys::WEATHER_SEED, weather.seed);
    }

    fn write_constellation(&self, out: &mut Writer) {
        let (walker, tle, omm) = match &self.source {
            OrbitSource::Walker(pattern, _) => (Some(text(&pattern.to_string())), None, None),
            OrbitSource::Tle(lines) => (None, Some(text(lines)), None),
            OrbitSource::Omm(lines) => (None, None, Some(text(lines))),
        };
        out.put_or_unset(&keys::WALKER, walker).put_or_unset(&keys::TLE, tle).put_or_unset(&keys::OMM, omm);
        out.put(&keys::START, text(&self.start.to_string()))
            .put(&keys::HOURS, number(self.span.as_secs_f64() / 3_600.0));
        match &self.source {
            OrbitSource::Walker(_, Placement { raan_deg, arc_deg, scatter_deg, seed }) => {
                out.put(&keys::RAAN, number(*raan_deg)).put(&keys::ARC, number(*arc_deg));
                out.put(&keys::SCATTER, number(*scatter_deg)).put(&keys::SCATTER_SEED, seed);
            }
            OrbitSource::Tle(_) | OrbitSource::Omm(_) => {
                out.unset(&keys::RAAN).unset(&keys::ARC).unset(&keys::SCATTER).unset(&keys::SCATTER_SEED);
            }
        }
        out.put_or_unset(&keys::ONLY, self.only.as_ref().map(|only| names(only.iter())));
        for (key, role) in [(&keys::RELAYS, Role::Relay), (&keys::SPARES, Role::Spare)] {
            let those = self.satellites.iter().filter(|each| each.role == role).map(|each| &each.node);
            out.put(key, names(those));
        }
    }

    fn write_links(&self, out: &mut Writer) {
        let (limits, policy, lasers) = (&self.limits, &self.policy, &self.lasers);
        out.put(&keys::LASER_RATE, gigabits(lasers.rates.near)).put(&keys::MAX_RANGE, number(limits.max_range_km));
        out.put(&keys::GRAZING, number(limits.grazing_altitude_km)).put(&keys::TERMINALS, lasers.terminals);
        let node = |index: &u32| self.satellites.get(*index as usize).map(|each| &each.node);
        let among = policy.among.as_ref().map(|among| names(among.iter().filter_map(node)));
        let seam = match policy.seam {
            Seam::Linked => "linked",
            Seam::Open => "open",
        };
        out.put_or_unset(&keys::AMONG, among).put(&keys::SEAM, text(seam));
        out.put(&keys::CROSS_LATITUDE, number(policy.cross_plane_max_latitude_deg));
        let acquisition = &lasers.acquisition;
        out.put(&keys::ACQUISITION, secs(acquisition.median)).put(&keys::ACQUISITION_LEAST, secs(acquisition.least));
        out.put(&keys::ACQUISITION_MOST, secs(acquisition.most));
        out.put(&keys::ACQUISITION_FAILURES, number(acquisition.failures))
            .put(&keys::ACQUISITION_SEED, acquisition.seed);
        let outages = &lasers.outages;
        out.put(&keys::UPTIME, number(outages.uptime)).put(&keys::OUTAGE_MEAN, secs(outages.mean));
        out.put(&keys::OUTAGE_SEED, outages.seed);
    }

    pub(super) fn write_lists(&self, out: &mut Writer) {
        for (beyond_km, rate) in &self.lasers.rates.beyond {
            out.header("[[links.rate_step]]");
            out.line(keys::STEP_RANGE.name(), number(*beyond_km)).line(keys::STEP_RATE.name(), gigabits(*rate));
        }
        for station in &self.stations {
            out.header("[[ground.stations]]");
            out.line(keys::STATION_NAME.name(), text(&station.name))
                .line(keys::STATION_LAT.name(), number(station.lat_deg));
            out.line(keys::STATION_LON.name(), number(station.lon_deg))
                .line(keys::STATION_ALT.name(), number(station.alt_m));
        }
    }
}
