//! How are rows written as a workbook of one sheet, none of them kept?

use std::{fmt::Write as _, io};

use super::{
    ExportError, ID,
    archive::Archive,
    plain,
    xml::{content, fitting},
};
use crate::{
    db::value::{Number, Value},
    resource::{Column, Kind},
};

/// A sheet has 2^20 rows, and the first has the heads.
pub const ROWS_OF_A_SHEET: u32 = 1_048_575;
/// Digits of a decimal that a double keeps apart from every other number of as many.
const EXACT_DIGITS: u32 = 15;
/// A sheet's name has no more.
const LONGEST_NAME: usize = 31;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const TYPES: &str = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
    <Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>\
    <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>\
    <Override PartName=\"/xl/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/></Types>";
const ROOT: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
    Target=\"xl/workbook.xml\"/></Relationships>";
const PARTS: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
    Target=\"worksheets/sheet1.xml\"/>\
    <Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" \
    Target=\"styles.xml\"/></Relationships>";
/// The styles a cell can have, by number: plain, a head in bold, an amount, and a text that stays one when it is typed
/// over: whoever confirms "=1+1" in such a cell does not run it.
const STYLES: &str = "<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
    <fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font><font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>\
    <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
    <borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
    <cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
    <cellXfs count=\"4\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>\
    <xf numFmtId=\"49\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\"/>\
    <xf numFmtId=\"4\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
    <xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>";

#[derive(Debug, Clone, Copy)]
enum Style {
    Plain = 0,
    Head = 1,
    Amount = 2,
    Text = 3,
}

#[derive(Debug)]
pub(super) struct Workbook {
    archive: Archive,
    /// Each column's letters: A, B, … AA.
    letters: Vec<String>,
    /// Rows written, without the heads.
    rows: u32,
    most_rows: u32,
    /// The row being written.
    row: String,
    /// The text of one cell, kept to be written over.
    text: String,
}

impl Workbook {
    pub(super) fn new(name: &str, columns: &[&'static Column]) -> io::Result<Workbook> {
        Workbook::within(Archive::new(), ROWS_OF_A_SHEET, name, columns)
    }

    fn within(archive: Archive, most_rows: u32, name: &str, columns: &[&'static Column]) -> io::Result<Workbook> {
        let letters = (0..=columns.len()).map(letters).collect();
        let mut workbook = Workbook { archive, letters, rows: 0, most_rows, row: String::new(), text: String::new() };
        let mut sheets = String::from(
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
             xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"",
        );
        content(&mut sheets, name.get(..LONGEST_NAME).unwrap_or(name));
        sheets.push_str("\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>");
        for (part, document) in [
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", ROOT),
            ("xl/workbook.xml", &sheets),
            ("xl/_rels/workbook.xml.rels", PARTS),
            ("xl/styles.xml", STYLES),
        ] {
            workbook.archive.begin(part);
            workbook.archive.write(HEAD.as_bytes())?;
            workbook.archive.write(document.as_bytes())?;
            workbook.archive.end()?;
        }
        workbook.archive.begin("xl/worksheets/sheet1.xml");
        workbook.archive.write(HEAD.as_bytes())?;
        workbook.heads(columns)?;
        Ok(workbook)
    }

    /// The first row, which stays where it is while the others scroll.
    fn heads(&mut self, columns: &[&'static Column]) -> io::Result<()> {
        self.push(format_args!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetViews><sheetView workbookViewId=\"0\">\
             <pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><cols>"
        ));
        let widths = std::iter::once(width(Kind::Uuid)).chain(columns.iter().map(|column| width(column.kind)));
        for (place, width) in (1..).zip(widths) {
            self.push(format_args!("<col min=\"{place}\" max=\"{place}\" width=\"{width}\" customWidth=\"1\"/>"));
        }
        self.push(format_args!("</cols><sheetData><row r=\"1\">"));
        let heads = std::iter::once(ID).chain(columns.iter().map(|column| column.name));
        for (place, head) in heads.enumerate() {
            self.text_cell(place, Style::Head, head);
        }
        self.close_row()
    }

    pub(super) fn waiting(&self) -> usize {
        self.archive.waiting()
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        self.archive.take()
    }

    pub(super) fn begin_row(&mut self) -> Result<(), ExportError> {
        if self.rows == self.most_rows {
            return Err(ExportError::SheetIsFull);
        }
        self.rows += 1;
        let number = self.rows + 1;
        self.push(format_args!("<row r=\"{number}\">"));
        Ok(())
    }

    pub(super) fn cell(&mut self, place: usize, value: &Value) {
        match value {
            Value::Null => {}
            Value::Text(text) | Value::Json(text) => self.text_cell(place, Style::Text, &fitting(text)),
            Value::Bool(truth) => {
                self.open(place, Style::Plain, "b");
                self.row.push_str(if *truth { "<v>1</v></c>" } else { "<v>0</v></c>" });
            }
            Value::Number(Number::Decimal(decimal)) if digits(decimal) <= EXACT_DIGITS => {
                self.open(place, Style::Amount, "n");
                self.push(format_args!("<v>{decimal}</v></c>"));
            }
            Value::Uuid(_) | Value::Number(_) | Value::Time(_) | Value::Address(_) => {
                let mut text = std::mem::take(&mut self.text);
                self.text_cell(place, Style::Text, plain(&mut text, value));
                self.text = text;
            }
        }
    }

    pub(super) fn end_row(&mut self) -> io::Result<()> {
        self.close_row()
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.archive.write(b"</sheetData></worksheet>")?;
        self.archive.end()?;
        self.archive.finish();
        Ok(())
    }

    fn close_row(&mut self) -> io::Result<()> {
        self.row.push_str("</row>");
        self.archive.write(self.row.as_bytes())?;
        self.row.clear();
        Ok(())
    }

    /// A text of the cell's own: with no table of all texts beside the sheet, nothing has to be remembered.
    fn text_cell(&mut self, place: usize, style: Style, text: &str) {
        self.open(place, style, "inlineStr");
        let keeps_spaces = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) || text.contains('\n');
        self.row.push_str(if keeps_spaces { "<is><t xml:space=\"preserve\">" } else { "<is><t>" });
        content(&mut self.row, text);
        self.row.push_str("</t></is></c>");
    }

    fn open(&mut self, place: usize, style: Style, kind: &'static str) {
        let number = if matches!(style, Style::Head) { 1 } else { self.rows + 1 };
        self.row.push_str("<c r=\"");
        self.row.push_str(&self.letters[place]);
        self.push(format_args!("{number}\" s=\"{}\" t=\"{kind}\">", style as u8));
    }

    fn push(&mut self, words: std::fmt::Arguments<'_>) {
        if self.row.write_fmt(words).is_err() {
            unreachable!("writing into a String cannot fail");
        }
    }
}

/// How many digits it takes to tell this number from others, zeros behind the point left out.
fn digits(decimal: &rust_decimal::Decimal) -> u32 {
    let mantissa = decimal.normalize().mantissa().unsigned_abs();
    mantissa.checked_ilog10().map_or(1, |power| power + 1)
}

/// In characters of the sheet's font.
fn width(kind: Kind) -> u16 {
    match kind {
        Kind::Bool => 9,
        Kind::Choice(_) | Kind::Inet => 16,
        Kind::Money(_) => 20,
        Kind::Timestamp | Kind::Text(_) => 30,
        Kind::Uuid | Kind::Reference(_) => 38,
        Kind::LongText | Kind::Json | Kind::SecretWhen(_) | Kind::Secret => 60,
    }
}

/// A column's name: A to Z, then AA.
fn letters(place: usize) -> String {
    let letter = char::from(b'A' + (place % 26) as u8);
    match place / 26 {
        0 => letter.to_string(),
        more => format!("{}{letter}", letters(more - 1)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};

    use super::*;
    use crate::tables::accounts;

    fn columns() -> Vec<&'static Column> {
        ["account_name", "balance", "is_active"].into_iter().filter_map(|name| accounts::RESOURCE.column(name)).collect()
    }

    fn amount(text: &str) -> Value {
        Value::Number(Number::Decimal(text.parse().expect("a number")))
    }

    fn add(workbook: &mut Workbook, name: &str, balance: Value) -> Result<(), ExportError> {
        workbook.begin_row()?;
        workbook.cell(0, &Value::Uuid(uuid::Uuid::nil()));
        workbook.cell(1, &Value::Text(name.to_owned()));
        workbook.cell(2, &balance);
        workbook.cell(3, &Value::Bool(true));
        Ok(workbook.end_row()?)
    }

    fn read(file: Vec<u8>) -> Vec<Vec<Data>> {
        let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file)).expect("a workbook");
        let sheet = book.worksheet_range("accounts").expect("the sheet");
        sheet.rows().map(<[Data]>::to_vec).collect()
    }

    #[test]
    fn numbers_are_numbers_only_where_nothing_of_them_is_lost() {
        let mut workbook = Workbook::new("accounts", &columns()).expect("a workbook");
        for text in ["9999999999999.99", "-0.01", "0", "1000000000000000000", "123456789012345.6"] {
            add(&mut workbook, text, amount(text)).expect("a row");
        }
        add(&mut workbook, "NaN", Value::Number(Number::NotANumber)).expect("a row");
        workbook.finish().expect("the end");
        let rows = read(workbook.take());
        assert_eq!(rows[0][1], Data::String("account_name".to_owned()));
        let balances: Vec<Data> = rows[1..].iter().map(|row| row[2].clone()).collect();
        assert_eq!(balances[..3], [9_999_999_999_999.99, -0.01, 0.0].map(Data::Float));
        assert_eq!(balances[3..], ["1000000000000000000", "123456789012345.6", "NaN"].map(|text| Data::String(text.to_owned())));
        assert_eq!(rows[1][3], Data::Bool(true));
    }

    #[test]
    fn a_sheet_takes_no_row_too_many() {
        let mut workbook = Workbook::within(Archive::new(), 2, "accounts", &columns()).expect("a workbook");
        for name in ["one", "two"] {
            add(&mut workbook, name, amount("1.00")).expect("a row");
        }
        assert!(matches!(add(&mut workbook, "three", amount("1.00")), Err(ExportError::SheetIsFull)));
    }

    #[test]
    fn an_archive_with_large_members_is_read_as_well() {
        let archive = Archive::needing_64_bits_beyond(300);
        let mut workbook = Workbook::within(archive, ROWS_OF_A_SHEET, "accounts", &columns()).expect("a workbook");
        for index in 0..100 {
            add(&mut workbook, &format!("<{index}>"), amount("1.50")).expect("a row");
        }
        workbook.finish().expect("the end");
        let rows = read(workbook.take());
        assert_eq!(rows.len(), 101);
        assert_eq!(rows[100][1], Data::String("<99>".to_owned()));
    }

    #[test]
    fn without_its_end_it_is_no_workbook() {
        let mut workbook = Workbook::new("accounts", &columns()).expect("a workbook");
        add(&mut workbook, "one", amount("1.00")).expect("a row");
        assert!(open_workbook_from_rs::<Xlsx<_>, _>(Cursor::new(workbook.take())).is_err());
    }

    #[test]
    fn columns_are_named_as_a_spreadsheet_names_them() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letters), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
