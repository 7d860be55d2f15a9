mod agreement;
mod by_hand;
mod plans;
mod relays;
mod twins;
