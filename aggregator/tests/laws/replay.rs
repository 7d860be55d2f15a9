//! The same seed gives the same world.

use crate::world::World;

#[test]
fn a_seed_replays_to_the_same_events_and_the_same_journal() {
    for seed in 9000..9030 {
        let (once, again) = (World::new(seed).run(), World::new(seed).run());
        assert_eq!(once.events, again.events, "seed {seed}");
        assert_eq!(once.journal, again.journal, "seed {seed}");
        assert_eq!(once.steps, again.steps, "seed {seed}");
    }
}
