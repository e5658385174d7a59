//! How does a row become a line of a file, in each of the formats there are?

pub(crate) mod archive;
pub(crate) mod csv;
pub(crate) mod json_lines;
mod workbook;
mod xml;

use std::fmt::Write as _;

use tokio_postgres::Row;
use uuid::Uuid;

pub use csv::text_cell;
pub use workbook::ROWS_OF_A_SHEET;

use super::{Column, Resource, nested::without_secrets};
use crate::db::value::Value;
use csv::Csv;
use json_lines::JsonLines;
use workbook::Workbook;

/// Enough rows for the network to be busy, few enough to be forgotten soon.
const CHUNK: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with heads.
    Csv,
    /// One object a line.
    JsonLines,
    /// A workbook of one sheet, as ISO 29500 has it.
    Workbook,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Csv, Format::JsonLines, Format::Workbook];

    /// The ending of its address and of its file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::JsonLines => "jsonl",
            Format::Workbook => "xlsx",
        }
    }

    pub fn named(extension: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.extension() == extension)
    }

    pub const fn label(self) -> &'static str {
        match self {
            Format::Csv => "CSV",
            Format::JsonLines => "JSON Lines",
            Format::Workbook => "Excel (XLSX)",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::JsonLines => "application/x-ndjson; charset=utf-8",
            Format::Workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// How many rows a file has room for; `None` where there is no end.
    pub const fn most_rows(self) -> Option<u32> {
        match self {
            Format::Csv | Format::JsonLines => None,
            Format::Workbook => Some(ROWS_OF_A_SHEET),
        }
    }
}

/// Why a row is not in its file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("a value is not what its column was declared as")]
    Value(#[from] tokio_postgres::Error),
    #[error("the sheet has no row left")]
    SheetIsFull,
    #[error("the archive cannot be written")]
    Archive(#[from] std::io::Error),
}

/// Writes rows in a format into a buffer that its owner takes away in chunks.
#[derive(Debug)]
pub struct Encoder {
    columns: Vec<&'static Column>,
    writer: Writer,
}

#[derive(Debug)]
enum Writer {
    Csv(Csv),
    JsonLines(JsonLines),
    Workbook(Box<Workbook>),
}

/// The columns an export holds beside the id, which always comes first.
pub fn columns(resource: &'static Resource) -> impl Iterator<Item = &'static Column> {
    resource.exported().filter(|column| column.name != ID && !column.is_secret())
}

const ID: &str = "id";

impl Encoder {
    /// Begins with the heads, where the format has any.
    ///
    /// # Errors
    /// See [`ExportError`]; so for all below.
    pub fn new(format: Format, resource: &'static Resource, columns: Vec<&'static Column>) -> Result<Encoder, ExportError> {
        let heads = std::iter::once(ID).chain(columns.iter().map(|column| column.name));
        let writer = match format {
            Format::Csv => Writer::Csv(Csv::new(heads)),
            Format::JsonLines => Writer::JsonLines(JsonLines::default()),
            Format::Workbook => Writer::Workbook(Box::new(Workbook::new(resource.table, &columns)?)),
        };
        Ok(Encoder { columns, writer })
    }

    pub fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    pub fn is_full(&self) -> bool {
        let waiting = match &self.writer {
            Writer::Csv(csv) => csv.out.len(),
            Writer::JsonLines(lines) => lines.out.len(),
            Writer::Workbook(workbook) => workbook.waiting(),
        };
        waiting >= CHUNK
    }

    /// Takes what has been written so far.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        match &mut self.writer {
            Writer::Csv(csv) => fresh(&mut csv.out),
            Writer::JsonLines(lines) => fresh(&mut lines.out),
            Writer::Workbook(workbook) => workbook.take(),
        }
    }

    /// Writes what stands behind the last row. A file whose end was never written is none.
    pub fn finish(&mut self) -> Result<Vec<u8>, ExportError> {
        if let Writer::Workbook(workbook) = &mut self.writer {
            workbook.finish()?;
        }
        Ok(self.take())
    }

    /// Writes a row of `Statement::export`: the id, the sort key, then one value a column.
    pub fn row(&mut self, row: &Row) -> Result<(), ExportError> {
        let id: Uuid = row.try_get(0)?;
        self.begin_row()?;
        self.cell(0, &Value::Uuid(id));
        for index in 0..self.columns.len() {
            let value: Value = row.try_get(index + 2)?;
            let value = if self.columns[index].redaction.is_some() { without_secrets(value) } else { value };
            self.cell(index + 1, &value);
        }
        self.end_row()
    }

    fn begin_row(&mut self) -> Result<(), ExportError> {
        match &mut self.writer {
            Writer::Csv(_) => Ok(()),
            Writer::JsonLines(lines) => {
                lines.begin_row();
                Ok(())
            }
            Writer::Workbook(workbook) => workbook.begin_row(),
        }
    }

    fn cell(&mut self, place: usize, value: &Value) {
        match &mut self.writer {
            Writer::Csv(csv) => csv.cell(place, value),
            Writer::JsonLines(lines) => {
                let name = place.checked_sub(1).map_or(ID, |index| self.columns[index].name);
                lines.cell(place, name, value);
            }
            Writer::Workbook(workbook) => workbook.cell(place, value),
        }
    }

    fn end_row(&mut self) -> Result<(), ExportError> {
        match &mut self.writer {
            Writer::Csv(csv) => csv.end_row(),
            Writer::JsonLines(lines) => lines.end_row(),
            Writer::Workbook(workbook) => workbook.end_row()?,
        }
        Ok(())
    }
}

/// What a buffer holds, leaving room for as much again.
fn fresh(buffer: &mut Vec<u8>) -> Vec<u8> {
    std::mem::replace(buffer, Vec::with_capacity(CHUNK + CHUNK / 4))
}

/// The value's own text over what stood in `cell` before.
fn plain<'c>(cell: &'c mut String, value: &Value) -> &'c str {
    cell.clear();
    if write!(cell, "{value}").is_err() {
        unreachable!("writing into a String cannot fail");
    }
    cell
}
