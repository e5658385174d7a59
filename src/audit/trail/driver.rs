//! By which of its filters are the entries of a slice found, so that as few as possible are looked through?

use futures_util::future::try_join_all;

use super::{
    TrailGrant,
    query::{Outcome, Sense},
    reader::Reader,
    slice::{Filter, Slice, Test},
    statement::{Run, Statement, WALK},
};
use crate::{
    audit::{entry::Log, review::State},
    db::{pool::DatabaseError, value::Value},
};

/// How the entries of a slice are come by.
#[derive(Debug, Clone)]
pub struct Driver {
    pub(super) slice: Slice,
    pub(super) way: Way,
    /// The filter that the way answers already.
    pub(super) answered: Option<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Way {
    /// In order of time, as indexes hold them.
    Runs(Vec<(Log, Run)>),
    /// All that one filter finds, which are few.
    Gathered(usize),
}

/// One way there could be.
struct Candidate {
    filter: usize,
    way: Way,
    /// Whether everything it finds passes the filter it was made from.
    exact: Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exact {
    Yes,
    No,
}

impl Driver {
    /// Chooses the way with the fewest entries, counted no further than a walk goes.
    ///
    /// # Errors
    /// See [`DatabaseError`].
    pub async fn of(reader: &impl Reader, _: TrailGrant, slice: Slice) -> Result<Driver, DatabaseError> {
        let mut candidates = Vec::new();
        for (place, filter) in slice.filters.iter().enumerate().filter(|(_, filter)| filter.sense == Sense::Wanted) {
            candidates.extend(ways(reader, place, &filter.test).await?);
        }
        let only = matches!(candidates.as_slice(), [Candidate { way: Way::Runs(_), exact: Exact::Yes, .. }]) && slice.filters.len() == 1;
        let chosen = if only { candidates.pop() } else { least(reader, &slice, candidates).await? };
        Ok(match chosen {
            Some(Candidate { filter, way, exact: Exact::Yes }) => Driver { slice, way, answered: Some(filter) },
            Some(Candidate { way, exact: Exact::No, .. }) => Driver { slice, way, answered: None },
            None => Driver { slice, way: Way::Runs(Log::ALL.map(|log| (log, Run::Everything)).to_vec()), answered: None },
        })
    }

    pub fn slice(&self) -> &Slice {
        &self.slice
    }

    /// What is still asked of each entry on the way.
    pub(super) fn filters(&self) -> Vec<&Filter> {
        self.slice.but(self.answered)
    }

    /// Whether every entry on the way is asked for.
    pub(super) fn is_straight(&self) -> bool {
        matches!(self.way, Way::Runs(_)) && self.filters().is_empty()
    }
}

async fn least(reader: &impl Reader, slice: &Slice, candidates: Vec<Candidate>) -> Result<Option<Candidate>, DatabaseError> {
    let sizes = try_join_all(candidates.iter().map(|candidate| size(reader, slice, &candidate.way))).await?;
    let measured = candidates.into_iter().zip(sizes);
    // What cannot be gathered whole is common enough to be met on another way.
    let usable = measured.filter(|(candidate, size)| matches!(candidate.way, Way::Runs(_)) || *size <= WALK);
    Ok(usable.min_by_key(|(_, size)| *size).map(|(candidate, _)| candidate))
}

/// How many entries lie on a way, counted no further than one beyond a walk.
async fn size(reader: &impl Reader, slice: &Slice, way: &Way) -> Result<usize, DatabaseError> {
    let counts = match way {
        Way::Runs(runs) => runs.iter().map(|(log, run)| Statement::count(*log, run, slice.period, WALK + 1)).collect::<Vec<_>>(),
        Way::Gathered(filter) => Log::ALL.map(|log| Statement::count_found(log, &slice.filters[*filter], WALK + 1)).to_vec(),
    };
    let answers = try_join_all(counts.iter().map(|count| reader.rows(count))).await?;
    let mut size = 0_usize;
    for row in answers.iter().flatten() {
        size = size.saturating_add(usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(usize::MAX));
    }
    Ok(size)
}

async fn ways(reader: &impl Reader, filter: usize, test: &Test) -> Result<Vec<Candidate>, DatabaseError> {
    let runs = |runs: Vec<(Log, Run)>, exact| Candidate { filter, way: Way::Runs(runs), exact };
    let gathered = Candidate { filter, way: Way::Gathered(filter), exact: Exact::No };
    Ok(match test {
        Test::Column(column, values) => {
            let of = |log| values.iter().map(move |value| (log, Run::Of(column, Value::Text(value.clone()))));
            vec![runs(Log::ALL.into_iter().flat_map(of).collect(), Exact::Yes)]
        }
        Test::Record(ids) => {
            let asked = ids.iter().flat_map(|id| Log::ALL.map(|log| (log, *id))).map(async |(log, id)| {
                let rows = reader.rows(&Statement::tables_of(log, id)).await?;
                rows.iter().map(|row| Ok((log, Run::Record(id, row.try_get(0)?)))).collect::<Result<Vec<_>, DatabaseError>>()
            });
            vec![runs(try_join_all(asked).await?.into_iter().flatten().collect(), Exact::Yes)]
        }
        Test::Address(networks) => {
            let is_host = |network: &crate::db::value::Address| network.prefix == if network.address.is_ipv4() { 32 } else { 128 };
            if networks.iter().all(is_host) {
                let of = |log| networks.iter().map(move |host| (log, Run::Of("ip_address", Value::Address(*host))));
                vec![runs(Log::ALL.into_iter().flat_map(of).collect(), Exact::Yes)]
            } else {
                vec![gathered]
            }
        }
        Test::Actor(actors) => {
            let users = actors.users.iter().map(|id| (Log::Main, Run::Of("user_id", Value::Uuid(*id))));
            let texts = actors.texts.iter().map(|text| (Log::Registry, Run::Of("user_id", Value::Text(text.clone()))));
            let is_about_users = actors.jobs.is_empty() && actors.roles.is_empty();
            let nobody = (!is_about_users).then_some((Log::Main, Run::Nobody));
            let exact = if is_about_users { Exact::Yes } else { Exact::No };
            let mut found = vec![runs(users.chain(texts).chain(nobody).collect(), exact)];
            // Beside the entries stands who was no user, but not each user's name as the registry's log has it.
            if actors.users.is_empty() && actors.texts.len() == actors.jobs.len() + actors.roles.len() {
                found.push(gathered);
            }
            found
        }
        // Nearly everything goes well, and is met on any way.
        Test::Outcome(outcomes) if outcomes.contains(&Outcome::Done) => Vec::new(),
        // What is open, or was reviewed up to a mark, is most of the log.
        Test::Review(states) if states.iter().any(|state| matches!(state, State::Open | State::Reviewed)) => Vec::new(),
        Test::Request(_) | Test::Outcome(_) | Test::Review(_) => vec![gathered],
        Test::Field(_) | Test::Words(_) => Vec::new(),
    })
}
