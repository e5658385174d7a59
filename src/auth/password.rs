//! Is this the password, and what is stored in its place?
//!
//! Hashing is the dearest thing the console does: 19 MiB and tens of milliseconds each. It therefore
//! runs on a bounded number of threads off the request threads, and whoever finds the queue full is
//! sent away at once, so that a flood of logins costs neither memory nor the pages of everybody else.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Longer input is refused before it is hashed; nobody types a kilobyte.
pub const LONGEST_IN_BYTES: usize = 1024;

/// A stored hash may ask for any amount of work. These are the most that is done for one.
const DEAREST_BCRYPT_COST: u32 = 15;
const MOST_ARGON2_MEMORY_KIB: u32 = 256 * 1024;
const MOST_ARGON2_PASSES: u32 = 16;

/// What comparing a password with a stored hash found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The password is right and its hash is as strong as today's.
    Right,
    /// The password is right; store this stronger hash instead of the one it was compared with.
    RightAndRehashed(String),
    Wrong,
}

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// As many passwords as the console accepts are already waiting to be hashed.
    #[error("too many passwords are being checked at this moment")]
    Busy,
    #[error("the password could not be hashed")]
    Hash(#[source] argon2::password_hash::Error),
    #[error("the hashing thread ended early")]
    Thread(#[source] tokio::task::JoinError),
}

/// Hashes on the calling thread, into a PHC string: for the command line, where nobody else waits.
///
/// # Errors
/// Only when the operating system has no randomness or no memory to give.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(PasswordError::Hash)
}

/// The bounded pool in which passwords are hashed; one for the whole process.
#[derive(Debug, Clone)]
pub struct Hasher {
    running: Arc<Semaphore>,
    admitted: Arc<AtomicUsize>,
    most_admitted: usize,
    slowest_wrong_micros: Arc<AtomicU64>,
}

impl Hasher {
    /// `parallel` hashes at a time and `waiting` more behind them.
    #[must_use]
    pub fn new(parallel: usize, waiting: usize) -> Self {
        let parallel = parallel.max(1);
        Self {
            running: Arc::new(Semaphore::new(parallel)),
            admitted: Arc::new(AtomicUsize::new(0)),
            most_admitted: parallel + waiting,
            slowest_wrong_micros: Arc::new(AtomicU64::new(0)),
        }
    }

    /// One hash a core at a time; sixteen more may wait for each of them, about a second's worth.
    #[must_use]
    pub fn for_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(cores, cores * 16)
    }

    /// # Errors
    /// [`PasswordError::Busy`] when too many are waiting already.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let password = Zeroizing::new(password.to_owned());
        self.run(move || hash(&password)).await?
    }

    /// Compares; without a stored hash (nobody has that name) the same work is done in vain, so that
    /// the time an answer takes does not tell which names exist.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many are waiting already.
    pub async fn verify(&self, password: &str, stored: Option<String>) -> Result<Verdict, PasswordError> {
        let password = Zeroizing::new(password.to_owned());
        let (verdict, taken) = self
            .run(move || {
                let started = Instant::now();
                let verdict = compare(&password, stored.as_deref());
                (verdict, started.elapsed())
            })
            .await?;
        if verdict == Verdict::Wrong {
            self.answer_as_late_as_the_slowest(taken).await;
        }
        Ok(verdict)
    }

    /// An adopted database holds bcrypt hashes, ten times as slow as ours: without this a quick
    /// refusal would mean "no such user". Only where such hashes are met does it cost anything.
    async fn answer_as_late_as_the_slowest(&self, taken: Duration) {
        const LONGEST: Duration = Duration::from_secs(1);
        let micros = u64::try_from(taken.min(LONGEST).as_micros()).unwrap_or(u64::MAX);
        let slowest = self.slowest_wrong_micros.fetch_max(micros, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_micros(slowest).saturating_sub(taken)).await;
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let _place = Place::take(&self.admitted, self.most_admitted).ok_or(PasswordError::Busy)?;
        // The permit moves into the thread: a client that hangs up cancels this future, but the hash
        // goes on, and must go on counting.
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_closed| PasswordError::Busy)?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(PasswordError::Thread)
    }
}

/// A place in the queue, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(admitted: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        admitted
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now < most).then_some(now + 1))
            .ok()
            .map(|_before| Self(Arc::clone(admitted)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn compare(password: &str, stored: Option<&str>) -> Verdict {
    match stored.map(StoredHash::read) {
        Some(StoredHash::Argon2(stored)) => {
            if Argon2::default().verify_password(password.as_bytes(), &*stored).is_err() {
                Verdict::Wrong
            } else if is_current(&stored) {
                Verdict::Right
            } else {
                rehashed(password)
            }
        }
        Some(StoredHash::Bcrypt(stored)) => {
            // bcrypt's own truncation at 72 bytes applies: the platform's hashes were made so.
            if bcrypt::verify(password, stored).unwrap_or(false) { rehashed(password) } else { Verdict::Wrong }
        }
        Some(StoredHash::Unusable) | None => {
            compare_in_vain(password);
            Verdict::Wrong
        }
    }
}

/// A right password stays right when the stronger hash cannot be made just now.
fn rehashed(password: &str) -> Verdict {
    hash(password).map_or(Verdict::Right, Verdict::RightAndRehashed)
}

fn compare_in_vain(password: &str) {
    static NOBODYS: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody has this one").ok());
    if let Some(stored) = NOBODYS.as_deref() {
        let result = Argon2::default().verify_password(password.as_bytes(), stored);
        std::hint::black_box(result.is_ok());
    }
}

enum StoredHash<'a> {
    Argon2(Box<PasswordHash>),
    Bcrypt(&'a str),
    /// A placeholder, something malformed, or a hash that asks for unreasonable work.
    Unusable,
}

impl<'a> StoredHash<'a> {
    fn read(stored: &'a str) -> Self {
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| stored.starts_with(prefix)) {
            return match stored.parse::<bcrypt::HashParts>() {
                Ok(parts) if parts.get_cost() <= DEAREST_BCRYPT_COST => Self::Bcrypt(stored),
                Ok(_) | Err(_) => Self::Unusable,
            };
        }
        match PasswordHash::new(stored) {
            Ok(hash) if is_affordable(&hash) => Self::Argon2(Box::new(hash)),
            Ok(_) | Err(_) => Self::Unusable,
        }
    }
}

fn is_affordable(hash: &PasswordHash) -> bool {
    Params::try_from(hash).is_ok_and(|params| params.m_cost() <= MOST_ARGON2_MEMORY_KIB && params.t_cost() <= MOST_ARGON2_PASSES)
}

fn is_current(hash: &PasswordHash) -> bool {
    hash.algorithm == argon2::ARGON2ID_IDENT
        && Params::try_from(hash).is_ok_and(|params| params.m_cost() >= Params::DEFAULT_M_COST && params.t_cost() >= Params::DEFAULT_T_COST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_with_the_parameters_we_promise() {
        let stored = hash("correct horse battery").expect("hashing");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(compare("correct horse battery", Some(&stored)), Verdict::Right);
        assert_eq!(compare("correct horse batterz", Some(&stored)), Verdict::Wrong);
    }

    #[test]
    fn bcrypt_of_every_prefix_is_accepted_and_replaced() {
        let made = bcrypt::hash("correct horse battery", 4).expect("hashing");
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            let stored = format!("{prefix}{}", &made[4..]);
            let verdict = compare("correct horse battery", Some(&stored));
            let Verdict::RightAndRehashed(stronger) = verdict else {
                panic!("{prefix} gave {verdict:?}");
            };
            assert_eq!(compare("correct horse battery", Some(&stronger)), Verdict::Right);
        }
        assert_eq!(compare("wrong", Some(&made)), Verdict::Wrong);
    }

    #[test]
    fn bcrypt_reads_72_bytes_and_the_new_hash_reads_all() {
        let long = format!("{}é and more", "x".repeat(71));
        let stored = bcrypt::hash(&long, 4).expect("hashing");
        let Verdict::RightAndRehashed(stronger) = compare(&long, Some(&stored)) else {
            panic!("a long password did not match its own truncated hash");
        };
        assert_eq!(compare(&long, Some(&stronger)), Verdict::Right);
        assert_eq!(compare(&long[..71], Some(&stronger)), Verdict::Wrong);
    }

    #[test]
    fn placeholders_and_malformed_hashes_never_match() {
        let unaffordable = format!("$2b$31${}", "a".repeat(53));
        for stored in [
            "",
            "!",
            "*",
            "password",
            "$2b$12$short",
            "$2b$12$ééééééééééééééééééééééééé",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$garbage",
            unaffordable.as_str(),
        ] {
            assert_eq!(compare("password", Some(stored)), Verdict::Wrong, "{stored}");
            assert_eq!(compare("", Some(stored)), Verdict::Wrong, "{stored}");
        }
        assert_eq!(compare("nobody has this one", None), Verdict::Wrong);
    }

    #[test]
    fn weaker_argon2_is_replaced() {
        let weak = Argon2::from(Params::new(8192, 1, 1, None).expect("parameters"))
            .hash_password(b"correct horse battery")
            .expect("hashing")
            .to_string();
        assert!(matches!(compare("correct horse battery", Some(&weak)), Verdict::RightAndRehashed(_)));
    }

    #[tokio::test]
    async fn a_full_queue_sends_away_and_recovers() {
        let hasher = Hasher::new(1, 1);
        let results = futures_util::future::join_all((0..5).map(|_| hasher.hash("x"))).await;
        let busy = results.iter().filter(|r| matches!(r, Err(PasswordError::Busy))).count();
        assert_eq!(busy, 3, "one runs, one waits, three are sent away");
        assert!(hasher.hash("x").await.is_ok());
    }
}
