//! May this login be tried now, or has too much failed?
//!
//! Three counts, each in the memory of this process:
//! - **account from one network**: hard. After `max_login_attempts` failures that network waits half an
//!   hour for that account; everybody else logs in to it as before.
//! - **account from anywhere**: soft. A growing delay between tries, five minutes at most, never a lock.
//! - **network, on any account**: a growing delay, fifteen minutes at most.
//!
//! A browser that has logged in to the account before (its device cookie says so) is counted by itself
//! and by nothing else. So a stranger can slow down guessing, but can never keep the owner out.
//! A try counts as failed from the moment it begins, so many at once gain nothing; success takes it back.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// How long a network waits for an account after too many failures.
pub const REST: Duration = Duration::from_secs(30 * 60);
const LONGEST_ACCOUNT_DELAY: Duration = Duration::from_secs(5 * 60);
const LONGEST_NETWORK_DELAY: Duration = Duration::from_secs(15 * 60);
/// Failures are forgotten when none was added for this long.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// Before the soft counts delay anything: several times the limit of one network, so that a family or
/// an office behind one address does not feel another's typing errors.
const ACCOUNT_ALLOWANCE: u32 = 2;
const NETWORK_ALLOWANCE: u32 = 6;
/// Each count keeps at most so many entries (about 100 bytes each).
const MOST_ENTRIES: usize = 50_000;

/// An account as the throttle knows it: the same for its user name, its email, and a name nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountKey([u8; 16]);

impl AccountKey {
    #[must_use]
    pub fn of_user(id: uuid::Uuid) -> Self {
        Self(*id.as_bytes())
    }

    /// What was typed by somebody whom no user row matches. Hashed: it may be a password in the wrong
    /// field, and its length must not decide how much memory it takes.
    #[must_use]
    pub fn of_unknown(typed: &str) -> Self {
        let digest = Sha256::digest(typed.trim().to_lowercase());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }
}

/// The network an address belongs to: all of one for IPv4, the first 64 bits for IPv6, because a
/// single customer has all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let prefix = address.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(prefix)))
            }
        }
    }

    /// For a request whose address is not known.
    #[must_use]
    pub fn unknown() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// Who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Stranger(Network),
    /// A browser that has logged in to this very account before, by the number in its cookie.
    KnownDevice(uuid::Uuid),
}

/// Not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    pub retry_after: Duration,
}

/// What a failed try has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Consequence {
    None,
    /// This was the last one allowed: nobody from there gets in to this account for [`REST`].
    LockedOut,
}

#[derive(Debug, Default)]
pub struct Throttle {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    pairs: Table<(AccountKey, Network)>,
    devices: Table<(AccountKey, uuid::Uuid)>,
    accounts: Table<AccountKey>,
    networks: Table<Network>,
}

impl Throttle {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a try, counting it as failed until [`Throttle::succeeded`] takes it back.
    /// `limit` is the setting `max_login_attempts`.
    ///
    /// # Errors
    /// [`Refused`], with the time to wait; a refused try is not counted.
    pub fn begin(&self, account: AccountKey, origin: Origin, limit: u32, now: Instant) -> Result<Consequence, Refused> {
        let limit = limit.max(1);
        let counts = &mut *self.counts();
        match origin {
            Origin::KnownDevice(device) => {
                let key = (account, device);
                counts.devices.may(key, now)?;
                Ok(counts.devices.fail(key, now, |failures| rest_after(failures, limit)))
            }
            Origin::Stranger(network) => {
                let pair = (account, network);
                counts.pairs.may(pair, now)?;
                counts.networks.may(network, now)?;
                counts.accounts.may(account, now)?;
                let _soft = counts
                    .networks
                    .fail(network, now, |failures| growing_delay(failures, limit * NETWORK_ALLOWANCE, LONGEST_NETWORK_DELAY));
                let _soft = counts
                    .accounts
                    .fail(account, now, |failures| growing_delay(failures, limit * ACCOUNT_ALLOWANCE, LONGEST_ACCOUNT_DELAY));
                Ok(counts.pairs.fail(pair, now, |failures| rest_after(failures, limit)))
            }
        }
    }

    /// The try was no failure: forgets those of this account from there, and takes this one back from
    /// the counts that strangers share.
    pub fn succeeded(&self, account: AccountKey, origin: Origin) {
        let counts = &mut *self.counts();
        match origin {
            Origin::KnownDevice(device) => counts.devices.forget(&(account, device)),
            Origin::Stranger(network) => {
                counts.pairs.forget(&(account, network));
                counts.networks.take_back(&network);
                counts.accounts.take_back(&account);
            }
        }
    }

    /// The try did not come to an end (too busy, database away): as if it had not begun.
    pub fn abandoned(&self, account: AccountKey, origin: Origin) {
        let counts = &mut *self.counts();
        match origin {
            Origin::KnownDevice(device) => counts.devices.take_back(&(account, device)),
            Origin::Stranger(network) => {
                counts.pairs.take_back(&(account, network));
                counts.networks.take_back(&network);
                counts.accounts.take_back(&account);
            }
        }
    }

    /// Forgets everything about an account: an administrator has made a new password link for it.
    pub fn forgive(&self, account: AccountKey) {
        let counts = &mut *self.counts();
        counts.accounts.forget(&account);
        counts.pairs.entries.retain(|(of, _), _| *of != account);
        counts.devices.entries.retain(|(of, _), _| *of != account);
    }

    /// Counts are plain numbers, whole after every statement: a panic elsewhere leaves them usable.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rest_after(failures: u32, limit: u32) -> Duration {
    if failures >= limit { REST } else { Duration::ZERO }
}

/// Nothing up to the allowance; then one second, two, four … up to `longest`.
fn growing_delay(failures: u32, allowance: u32, longest: Duration) -> Duration {
    match failures.checked_sub(allowance) {
        None | Some(0) => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1 << (beyond - 1).min(16)).min(longest),
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: Instant,
    closed_until: Option<Instant>,
}

impl Entry {
    fn is_forgotten(&self, now: Instant) -> bool {
        self.closed_until.is_none_or(|until| until <= now) && now.saturating_duration_since(self.last) >= MEMORY
    }
}

#[derive(Debug)]
struct Table<K> {
    entries: HashMap<K, Entry>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self { entries: HashMap::new() }
    }
}

impl<K: Eq + Hash + Copy> Table<K> {
    fn may(&self, key: K, now: Instant) -> Result<(), Refused> {
        match self.entries.get(&key).and_then(|entry| entry.closed_until) {
            Some(until) if until > now => Err(Refused { retry_after: until - now }),
            Some(_) | None => Ok(()),
        }
    }

    fn fail(&mut self, key: K, now: Instant, closes: impl Fn(u32) -> Duration) -> Consequence {
        if self.entries.len() >= MOST_ENTRIES && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        let entry = self.entries.entry(key).or_insert(Entry { failures: 0, last: now, closed_until: None });
        let rested = entry.closed_until.is_some_and(|until| until <= now) && closes(entry.failures) >= REST;
        if rested || entry.is_forgotten(now) {
            // After its rest a network begins anew, else every further error would cost half an hour.
            entry.failures = 0;
        }
        entry.failures = entry.failures.saturating_add(1);
        entry.last = now;
        let delay = closes(entry.failures);
        entry.closed_until = (!delay.is_zero()).then(|| now + delay);
        if delay >= REST { Consequence::LockedOut } else { Consequence::None }
    }

    fn take_back(&mut self, key: &K) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.failures = entry.failures.saturating_sub(1);
            entry.closed_until = None;
            if entry.failures == 0 {
                self.entries.remove(key);
            }
        }
    }

    fn forget(&mut self, key: &K) {
        self.entries.remove(key);
    }

    /// First what is forgotten anyway; if that is nothing, the half whose last failure is oldest.
    fn make_room(&mut self, now: Instant) {
        self.entries.retain(|_, entry| !entry.is_forgotten(now));
        if self.entries.len() >= MOST_ENTRIES {
            let mut times: Vec<Instant> = self.entries.values().map(|entry| entry.last).collect();
            let middle = times.len() / 2;
            let (_, median, _) = times.select_nth_unstable(middle);
            let median = *median;
            self.entries.retain(|_, entry| entry.last > median);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const LIMIT: u32 = 5;

    fn network(last: u8) -> Network {
        Network::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    fn account(number: u128) -> AccountKey {
        AccountKey::of_user(Uuid::from_u128(number))
    }

    #[test]
    fn the_fifth_failure_locks_out_that_network_and_no_other() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        let stranger = Origin::Stranger(network(1));
        for _ in 0..4 {
            assert_eq!(throttle.begin(account(1), stranger, LIMIT, now), Ok(Consequence::None));
        }
        assert_eq!(throttle.begin(account(1), stranger, LIMIT, now), Ok(Consequence::LockedOut));
        assert_eq!(throttle.begin(account(1), stranger, LIMIT, now), Err(Refused { retry_after: REST }));
        let other = Origin::Stranger(network(2));
        assert!(throttle.begin(account(1), other, LIMIT, now).is_ok());
        assert!(throttle.begin(account(2), stranger, LIMIT, now).is_ok());
    }

    #[test]
    fn after_its_rest_a_network_begins_anew() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        let stranger = Origin::Stranger(network(1));
        for _ in 0..5 {
            let _ = throttle.begin(account(1), stranger, LIMIT, now);
        }
        let later = now + REST;
        assert_eq!(throttle.begin(account(1), stranger, LIMIT, later), Ok(Consequence::None));
        assert_eq!(throttle.begin(account(1), stranger, LIMIT, later), Ok(Consequence::None));
    }

    #[test]
    fn a_thousand_networks_delay_an_account_and_never_its_own_browser() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        let mut refused = None;
        for number in 0..1000_u32 {
            let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number));
            let origin = Origin::Stranger(Network::of(address));
            if let Err(refusal) = throttle.begin(account(1), origin, LIMIT, now) {
                refused = Some(refusal);
            }
        }
        let refused = refused.expect("the account was never delayed");
        assert!(refused.retry_after <= LONGEST_ACCOUNT_DELAY);
        let own = Origin::KnownDevice(Uuid::from_u128(9));
        assert_eq!(throttle.begin(account(1), own, LIMIT, now), Ok(Consequence::None));
        let patient = Origin::Stranger(network(200));
        let later = now + LONGEST_ACCOUNT_DELAY;
        assert!(throttle.begin(account(1), patient, LIMIT, later).is_ok());
    }

    #[test]
    fn one_network_on_many_accounts_is_delayed() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        let origin = Origin::Stranger(network(1));
        let refused = (0..100).filter(|n| throttle.begin(account(*n), origin, LIMIT, now).is_err());
        assert!(refused.count() >= 60);
    }

    #[test]
    fn a_stolen_device_cookie_gives_no_endless_tries() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        let device = Origin::KnownDevice(Uuid::from_u128(9));
        let passed = (0..50).filter(|_| throttle.begin(account(1), device, LIMIT, now).is_ok());
        assert_eq!(passed.count(), 5);
    }

    #[test]
    fn success_forgets_and_an_abandoned_try_does_not_count() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        let origin = Origin::Stranger(network(1));
        for _ in 0..20 {
            for _ in 0..4 {
                assert!(throttle.begin(account(1), origin, LIMIT, now).is_ok());
                throttle.abandoned(account(1), origin);
            }
            assert!(throttle.begin(account(1), origin, LIMIT, now).is_ok());
            throttle.succeeded(account(1), origin);
        }
        assert!(throttle.counts().pairs.entries.is_empty());
        assert!(throttle.counts().networks.entries.is_empty());
    }

    #[test]
    fn an_ipv6_customer_is_one_network_and_a_mapped_address_is_ipv4() {
        let of = |text: &str| Network::of(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
    }

    #[test]
    fn memory_is_bounded() {
        let (throttle, now) = (Throttle::new(), Instant::now());
        for number in 0..120_000_u32 {
            let address = IpAddr::V4(Ipv4Addr::from_bits(number));
            let moment = now + Duration::from_millis(u64::from(number));
            let origin = Origin::Stranger(Network::of(address));
            let _ = throttle.begin(account(u128::from(number)), origin, LIMIT, moment);
        }
        let counts = throttle.counts();
        assert!(counts.pairs.entries.len() <= MOST_ENTRIES);
        assert!(counts.networks.entries.len() <= MOST_ENTRIES);
        assert!(counts.accounts.entries.len() <= MOST_ENTRIES);
    }
}
