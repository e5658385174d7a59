//! Whatever breaks under the console: does its page say so, does it come back by itself, and is nothing lost or half done?

mod black_hole;
mod clients;
mod clock;
mod crowded;
mod full;
mod kills;
mod lost_commit;
mod paper;
mod proxy;
mod restarts;
mod server;
mod shim;
mod site;
mod slow;
mod standby;
mod stop;
