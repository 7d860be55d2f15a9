//! How the satellites of a Walker pattern really lie: turned, bunched, scattered.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How satellites lie in their planes. The default is the pattern itself, evenly spread from a node at zero on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Right ascension of the first plane's ascending node, degrees.
    pub raan_deg: f64,
    /// The arc that a plane's satellites are spread over, degrees: the whole orbit is 360, and less for satellites that
    /// bunch together after their launch.
    pub arc_deg: f64,
    /// How far a satellite is from its place at most, ahead or behind, degrees.
    pub scatter_deg: f64,
    /// Where the scatter comes from.
    pub seed: u64,
}

impl Default for Placement {
    fn default() -> Self {
        Self { raan_deg: 0.0, arc_deg: 360.0, scatter_deg: 0.0, seed: 0 }
    }
}

impl Placement {
    /// How far each of a number of satellites is ahead of its place, degrees, drawn evenly.
    pub(super) fn displacements(&self) -> impl Iterator<Item = f64> {
        let mut luck = ChaCha8Rng::seed_from_u64(self.seed);
        let scatter_deg = self.scatter_deg;
        std::iter::repeat_with(move || scatter_deg * (2.0 * luck.random::<f64>() - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::orbit::{Constellation, Elements};

    fn elements(placement: &Placement) -> Vec<Elements> {
        "D:550:53.0:12/3/1".parse::<Constellation>().unwrap().elements(Timestamp::UNIX_EPOCH, placement)
    }

    #[test]
    fn bunched_satellites_follow_each_other_on_an_arc() {
        let bunched = elements(&Placement { arc_deg: 40.0, raan_deg: 250.0, ..Placement::default() });
        let angles: Vec<_> = bunched.iter().map(|each| (each.raan_deg, each.mean_anomaly_deg)).collect();
        assert_eq!(
            angles[..6],
            [(250.0, 0.0), (250.0, 10.0), (250.0, 20.0), (250.0, 30.0), (10.0, 30.0), (10.0, 40.0)]
        );
    }

    #[test]
    fn scattered_satellites_stay_near_their_places_and_the_seed_says_where() {
        let scatter = |seed| elements(&Placement { scatter_deg: 5.0, seed, ..Placement::default() });
        let (even, one) = (elements(&Placement::default()), scatter(1));
        let apart =
            |x: &Elements, y: &Elements| (x.mean_anomaly_deg - y.mean_anomaly_deg + 180.0).rem_euclid(360.0) - 180.0;
        assert!(one.iter().zip(&even).all(|(x, y)| apart(x, y).abs() <= 5.0));
        assert!(one.iter().zip(&even).any(|(x, y)| apart(x, y).abs() > 1.0));
        assert_eq!(one, scatter(1));
        assert_ne!(one, scatter(2));
    }
}
