//! Laws that the aggregator keeps in every world.
//!
//! A [`world::World`] is a seeded value: simulated members, their connections and an aggregator that is killed and
//! started again from its journal, all in one thread, in an order that the seed decides. Faults strike at any point
//! for a while and then stop. Each law has a file; it is checked after every event or at the end, in many worlds, and
//! names the seed of the world that breaks it.

#![expect(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod accounts;
mod agreement;
mod collective;
mod contacts;
mod dice;
mod durability;
mod ending;
mod lines;
mod member;
mod replay;
mod views;
mod world;
