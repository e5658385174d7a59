//! How does a pack of evidence become one file whose parts can be checked?

use std::{io, pin::pin};

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::TryStreamExt;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{
    Asked,
    control::{DataSet, Reading},
    proof, rows,
};
use crate::{
    db::{
        pool::{Connection, DatabaseError},
        snapshot::Snapshot,
        value::{Number, Value},
    },
    resource::{
        Registry,
        export::{archive::Archive, csv::Csv, json_lines::JsonLines},
    },
};

/// Rows of one set at most: a pack is made in memory, so that its digests are known before it leaves.
pub const MOST: u64 = 50_000;
const BATCH: i32 = 1_000;
/// Enough of a file to be worth compressing at once.
const CHUNK: usize = 64 * 1024;

const READER: &str = include_str!("reader.txt");
const POSITION: &str = "position";

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("a set of the pack holds more than {MOST} rows")]
    TooMany { set: &'static str },
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the archive cannot be written")]
    Archive(#[from] io::Error),
}

/// Who makes a copy, and when: all that differs from another one.
#[derive(Debug, Clone)]
pub struct Made {
    pub at: DateTime<Utc>,
    pub by: String,
    pub request: Option<String>,
}

#[derive(Debug)]
pub struct Pack {
    pub zip: Vec<u8>,
    /// The SHA-256 of SHA256SUMS: one number for everything but who made the copy.
    pub digest: String,
    /// Records that a sample is drawn from.
    pub population: u64,
}

/// One member, as the manifest names it.
struct Member {
    name: &'static str,
    digest: String,
    bytes: u64,
    rows: Option<u64>,
}

/// The archive, and what was put into it.
struct Packing {
    archive: Archive,
    members: Vec<Member>,
    digest: Sha256,
    bytes: u64,
}

impl Packing {
    fn begin(&mut self, name: &'static str) {
        self.archive.begin(name);
        self.digest = Sha256::new();
        self.bytes = 0;
        self.members.push(Member { name, digest: String::new(), bytes: 0, rows: None });
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        self.archive.write(bytes)
    }

    fn end(&mut self, rows: Option<u64>) -> io::Result<()> {
        if let Some(member) = self.members.last_mut() {
            member.digest = hex::encode(self.digest.clone().finalize());
            member.bytes = self.bytes;
            member.rows = rows;
        }
        self.archive.end()
    }

    fn text(&mut self, name: &'static str, text: &str) -> io::Result<()> {
        self.begin(name);
        self.write(text.as_bytes())?;
        self.end(None)
    }

    /// As `sha256sum` writes and checks them.
    fn sums(&self) -> String {
        self.members.iter().map(|member| format!("{}  {}\n", member.digest, member.name)).collect()
    }
}

/// A file of rows in one of the two formats.
enum Lines {
    Csv(Csv),
    Json(JsonLines),
}

impl Lines {
    fn line(&mut self, heads: &[&'static str], values: &[Value]) {
        match self {
            Lines::Csv(csv) => {
                for (place, value) in values.iter().enumerate() {
                    csv.cell(place, value);
                }
                csv.end_row();
            }
            Lines::Json(lines) => {
                lines.begin_row();
                for (place, (head, value)) in heads.iter().zip(values).enumerate() {
                    lines.cell(place, head, value);
                }
                lines.end_row();
            }
        }
    }

    fn out(&mut self) -> &mut Vec<u8> {
        match self {
            Lines::Csv(csv) => &mut csv.out,
            Lines::Json(lines) => &mut lines.out,
        }
    }
}

/// Reads everything in one snapshot and packs it.
///
/// # Errors
/// `TooMany` where a shorter period has to be chosen.
pub async fn build(connection: &mut Connection, registry: &Registry, asked: &Asked, made: &Made) -> Result<Pack, PackError> {
    let snapshot = Snapshot::take(connection).await?;
    let mut packing = Packing { archive: Archive::new(), members: Vec::new(), digest: Sha256::new(), bytes: 0 };
    packing.text("README.txt", READER)?;
    let mut population = 0;
    for (place, set) in asked.control.sets().iter().enumerate() {
        let heads = set.heads.iter().copied();
        let count = whole(&mut packing, set.csv, Lines::Csv(Csv::new(heads)), &snapshot, registry, asked, set).await?;
        whole(&mut packing, set.lines, Lines::Json(JsonLines::default()), &snapshot, registry, asked, set).await?;
        if place == 0 {
            population = count;
        }
    }
    if let (Some(sample), Some(set)) = (&asked.sample, asked.control.sets().first()) {
        let drawn = drawn(&snapshot, registry, asked, set, &sample.draw(population)).await?;
        let heads: Vec<&'static str> = std::iter::once(POSITION).chain(set.heads.iter().copied()).collect();
        for (name, lines) in
            [("sample.csv", Lines::Csv(Csv::new(heads.iter().copied()))), ("sample.jsonl", Lines::Json(JsonLines::default()))]
        {
            part(&mut packing, name, lines, &heads, &drawn)?;
        }
    }
    packing.text("query.sql", &queries(asked))?;
    packing.text("parameters.json", &pretty(&parameters(asked)))?;
    packing.text("proof.txt", &proof::text(&snapshot, asked.period).await?)?;
    snapshot.end().await?;
    let sums = packing.sums();
    packing.text("SHA256SUMS", &sums)?;
    let digest = hex::encode(Sha256::digest(sums.as_bytes()));
    packing.text("manifest.json", &pretty(&manifest(&packing.members, asked, made, population, &digest)))?;
    packing.archive.finish();
    Ok(Pack { zip: packing.archive.take(), digest, population })
}

/// All rows of a set as one file; answers how many.
async fn whole(
    packing: &mut Packing,
    name: &'static str,
    mut lines: Lines,
    snapshot: &Snapshot<'_>,
    registry: &Registry,
    asked: &Asked,
    set: &DataSet,
) -> Result<u64, PackError> {
    packing.begin(name);
    let portal = snapshot.open(set.statement, &ends(asked)).await?;
    let mut count = 0;
    loop {
        let mut found = pin!(snapshot.fetch(&portal, BATCH).await?);
        let mut fetched = 0;
        while let Some(row) = found.try_next().await? {
            fetched += 1;
            count += 1;
            if count > MOST {
                return Err(PackError::TooMany { set: set.name });
            }
            lines.line(set.heads, &rows::values(set, &row, registry)?);
            if lines.out().len() >= CHUNK {
                packing.write(lines.out())?;
                lines.out().clear();
            }
        }
        if fetched < BATCH {
            break;
        }
    }
    packing.write(lines.out())?;
    packing.end(Some(count))?;
    Ok(count)
}

/// The rows at these positions, each behind its position.
async fn drawn(
    snapshot: &Snapshot<'_>,
    registry: &Registry,
    asked: &Asked,
    set: &DataSet,
    positions: &std::collections::BTreeSet<u64>,
) -> Result<Vec<Vec<Value>>, PackError> {
    let portal = snapshot.open(set.statement, &ends(asked)).await?;
    let mut drawn = Vec::with_capacity(positions.len());
    let mut position = 0_u64;
    loop {
        let mut found = pin!(snapshot.fetch(&portal, BATCH).await?);
        let mut fetched = 0;
        while let Some(row) = found.try_next().await? {
            fetched += 1;
            if positions.contains(&position) {
                let mut values = vec![Value::Number(Number::Decimal(Decimal::from(position)))];
                values.extend(rows::values(set, &row, registry)?);
                drawn.push(values);
            }
            position += 1;
        }
        if fetched < BATCH {
            return Ok(drawn);
        }
    }
}

fn part(packing: &mut Packing, name: &'static str, mut lines: Lines, heads: &[&'static str], rows: &[Vec<Value>]) -> io::Result<()> {
    packing.begin(name);
    for values in rows {
        lines.line(heads, values);
    }
    packing.write(lines.out())?;
    packing.end(Some(rows.len() as u64))
}

fn ends(asked: &Asked) -> [Value; 2] {
    [Value::Time(asked.period.from), Value::Time(asked.period.before)]
}

fn queries(asked: &Asked) -> String {
    let mut text = String::new();
    for set in asked.control.sets() {
        let secrets = match set.reading {
            Reading::Plain => "",
            Reading::Entries => "; what is secret is left out of old_values and new_values afterwards",
        };
        text.push_str(&["-- ", set.name, secrets, "\n", set.statement, ";\n\n"].concat());
    }
    text
}

fn parameters(asked: &Asked) -> Json {
    json!({
        "control": asked.control.name(),
        "from": asked.period.from.to_string(),
        "before": asked.period.before.to_string(),
        "sample": asked.sample.as_ref().map(|sample| json!({ "size": sample.size, "seed": sample.seed })),
    })
}

fn manifest(members: &[Member], asked: &Asked, made: &Made, population: u64, digest: &str) -> Json {
    let files: Vec<Json> = members
        .iter()
        .map(|member| json!({ "name": member.name, "sha256": member.digest, "bytes": member.bytes, "rows": member.rows }))
        .collect();
    let is_over = asked.period.before <= made.at.into();
    json!({
        "pack": {
            "format": 1,
            "title": asked.control.label(),
            "parameters": parameters(asked),
            "population": population,
            "files": files,
            "digest": digest,
        },
        "made": {
            "at": made.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "by": made.by,
            "request": made.request,
            "program": concat!("nexus-console ", env!("CARGO_PKG_VERSION")),
            "period_is_over": is_over,
        },
    })
}

fn pretty(json: &Json) -> String {
    format!("{json:#}\n")
}
