//! Who are the people of the demonstration, and where do they bank?

use super::USERS;

/// Somebody who works here. Demonstration users come first, then colleagues nobody can log in as.
pub struct Staff {
    pub username: &'static str,
    pub full_name: &'static str,
    pub role: &'static str,
}

pub const STAFF: [Staff; 11] = [
    Staff { username: USERS[0].username, full_name: "Miriam Adler", role: USERS[0].role.name() },
    Staff { username: USERS[1].username, full_name: "Ines Okafor", role: USERS[1].role.name() },
    Staff { username: USERS[2].username, full_name: "Yusuf Demir", role: USERS[2].role.name() },
    Staff { username: USERS[3].username, full_name: "Tomasz Wieczorek", role: USERS[3].role.name() },
    Staff { username: USERS[5].username, full_name: "Hana Kobayashi", role: USERS[5].role.name() },
    Staff { username: "kwame.asante", full_name: "Kwame Asante", role: "admin" },
    Staff { username: "dario.benedetti", full_name: "Dario Benedetti", role: "manager" },
    Staff { username: "margit.halvorsen", full_name: "Margit Halvorsen", role: "manager" },
    Staff { username: "priya.raghunathan", full_name: "Priya Raghunathan", role: "auditor" },
    Staff { username: "lena.fischer", full_name: "Lena Fischer", role: "viewer" },
    Staff { username: "oskar.lindqvist", full_name: "Oskar Lindqvist", role: "manager" },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Currency {
    Dollar,
    Euro,
    Yen,
}

impl Currency {
    pub fn code(self) -> &'static str {
        match self {
            Currency::Dollar => "USD",
            Currency::Euro => "EUR",
            Currency::Yen => "JPY",
        }
    }

    /// An amount in hundredths of dollars, as much in this currency: yen have no decimals and are worth less.
    pub fn amount(self, dollars: i64) -> i64 {
        match self {
            Currency::Dollar => dollars,
            Currency::Euro => dollars * 92 / 100,
            Currency::Yen => dollars * 150 / 100 * 100,
        }
    }
}

/// Somebody who banks here, with how many accounts.
pub struct Customer {
    pub username: &'static str,
    pub full_name: &'static str,
    pub company: Option<&'static str>,
    pub currency: Currency,
    pub accounts: usize,
}

const fn person(username: &'static str, full_name: &'static str, currency: Currency, accounts: usize) -> Customer {
    Customer { username, full_name, company: None, currency, accounts }
}

const fn firm(username: &'static str, full_name: &'static str, company: &'static str, currency: Currency, accounts: usize) -> Customer {
    Customer { username, full_name, company: Some(company), currency, accounts }
}

use Currency::{Dollar, Euro, Yen};

/// The demonstration user `user` is the first.
pub const CUSTOMERS: [Customer; 49] = [
    person(USERS[4].username, "Saoirse Brennan", Euro, 3),
    firm("ingrid.halden", "Ingrid Solveig Halden", "Halden Marine AS", Euro, 12),
    firm("padraig.brennan", "Pádraig Ó Braonáin", "Kestrel Freight Ltd", Dollar, 4),
    firm("giulia.benedetti", "Giulia Benedetti", "Benedetti & Figli S.r.l.", Euro, 4),
    firm("suresh.iyer", "சுரேஷ் ஐயர்", "Suresh Textiles Pvt. Ltd.", Dollar, 4),
    firm("nikos.aigaios", "Νίκος Παπαδόπουλος", "Μεταφορές Αιγαίου Α.Ε.", Euro, 4),
    firm("aoyama.kenichi", "青山 健一", "青山商事株式会社", Yen, 4),
    firm("kure.seimitsu", "呉 美咲", "Kure Precision K.K.", Yen, 4),
    firm("karin.lindqvist", "Karin Lindqvist", "Lindqvist Arkitekter", Euro, 4),
    firm("grace.whitfield", "Grace Whitfield", "Atlas Orthopaedics Inc.", Dollar, 4),
    firm("rosenthal.trust", "Dr. Daniel Rosenthal", "Rosenthal Family Trust", Dollar, 4),
    firm("nordlys.energi", "Øystein Bjørnstad", "Nordlys Energi", Euro, 4),
    person("maria.fernandez", "María de los Ángeles Fernández-Villaverde y Rodríguez de la Sierra Montenegro", Euro, 4),
    person("mohammed.husseini", "محمد عبد الرحمن الحسيني", Dollar, 4),
    person("noa.bendavid", "נועה בן־דוד", Dollar, 4),
    person("xiaoming.wang", "王小明", Dollar, 4),
    person("seoyeon.kim", "김서연", Dollar, 4),
    person("anastasia.volkova", "Анастасия Сергеевна Волкова", Euro, 4),
    person("zofia.zolkiewska", "Zofia Żółkiewska-Gęślarz", Euro, 4),
    person("nguyen.thu.ha", "Nguyễn Thị Thu Hà", Dollar, 4),
    person("somchai.w", "สมชาย วงศ์สวัสดิ์", Dollar, 4),
    person("haruto.sato", "佐藤 陽翔", Yen, 4),
    person("yui.tanaka", "田中 結衣", Yen, 4),
    person("jean-luc.besancon", "Jean-Luc Besançon", Euro, 4),
    person("hubert.wolfe", "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff", Dollar, 4),
    person("aoife.nic", "Aoife Nic Giolla Phádraig", Euro, 4),
    person("joao.concalves", "João Gonçalves d’Ávila", Euro, 4),
    person("ayse.yildiz", "Ayşe Yıldız", Euro, 3),
    person("chidinma.eze", "Chidinma Ngozi Ezeugwu", Dollar, 3),
    person("lars.ostergaard", "Lars Østergaard", Euro, 3),
    person("emily.carter", "Emily Carter", Dollar, 3),
    person("marcus.odell", "Marcus O’Dell", Dollar, 3),
    person("farah.rahimi", "فرح رحیمی", Dollar, 3),
    person("dmytro.shevchuk", "Дмитро Шевчук", Euro, 3),
    person("lucia.novakova", "Lucia Nováková", Euro, 3),
    person("ren.fujimoto", "藤本 蓮", Yen, 3),
    person("bob.li", "Bob Li", Dollar, 1),
    person("ana", "Ana", Euro, 1),
    person("tevita.fifita", "Tēvita Fīfita", Dollar, 1),
    person("kaho.oiwi", "Kahoʻokele ʻŌiwi", Dollar, 1),
    person("rajesh.k", "राजेश कुमार", Dollar, 1),
    person("bjork.g", "Björk Guðmundsdóttir", Euro, 1),
    person("mei.suzuki", "鈴木 芽衣", Yen, 1),
    person("theo.vandenberg", "Theo van den Berg", Euro, 1),
    person("samuel.osei", "Samuel Osei", Dollar, 0),
    person("leila.haddad", "ليلى حداد", Euro, 0),
    person("peter.smith", "Peter Smith", Dollar, 0),
    person("peter.smith2", "Peter Smith", Dollar, 0),
    person("carmen.ruiz", "Carmen Ruiz Íñiguez", Euro, 0),
];

/// Prose of the platform's notices and the ledger's lines is as varied as its customers.
pub const PURCHASES: [&str; 24] = [
    "Card 4417, REWE Markt, Köln",
    "Card 2290, Whole Foods Market, Austin TX",
    "Card 4417, Deutsche Bahn, Fahrkarte",
    "Card 8125, セブン-イレブン 渋谷店",
    "Card 0713, Boulangerie Léa, Lyon",
    "Card 2290, Shell, station 1184",
    "Card 6632, IKEA, order 88-41207",
    "Card 5508, Φαρμακείο Αθηνών",
    "Card 1174, Trattoria da Nello",
    "Card 2290, Amazon Marketplace",
    "Card 9031, Pharmacy Brennan & Sons",
    "Card 6632, Vodafone, mobile bill",
    "Card 3345, Netflix",
    "Card 8125, JR East, Suica charge",
    "Card 0713, Fnac, livre et disque",
    "Card 7741, Home Depot #4310",
    "Card 1174, Esselunga, Milano",
    "Card 5508, Municipal parking",
    "Card 9031, Dunnes Stores, Galway",
    "Card 3345, Uber trip, 18 min",
    "Card 7741, Costco Wholesale",
    "Card 4417, Stadtwerke, Abschlag Strom",
    "Card 6632, Théâtre de la Ville, 2 places",
    "Card 2290, Dr. Whitfield, co-pay",
];

pub const SUPPLIES: [&str; 14] = [
    "Berth and handling, Felixstowe, week 47",
    "Invoice 7741, St. Brigid Hospital",
    "Supplier settlement, Kure Precision",
    "Καύσιμα, Πειραιάς, δρομολόγιο 311",
    "Spare parts, order 2207/A",
    "Office rent, second floor",
    "Customs duty, entry 26DE-4471",
    "Insurance premium, fleet",
    "Freight Hamburg–Gdańsk, 2 containers",
    "原材料費 9月分",
    "Legal fees, matter 118",
    "Advance for tender documents",
    "Calibration of test bench, certificate 5531",
    "Cotton yarn, 40 bales, balance of contract 19",
];

pub const RECEIPTS: [&str; 10] = [
    "Invoice 2026-0118, thank you",
    "Payment received, order 41-7720",
    "Zahlung Rechnung 10447",
    "Règlement facture F-2210",
    "Incoming wire, reference as agreed",
    "入金 請求書 5512",
    "Refund of overpaid duty",
    "Progress payment, milestone 3",
    "Insurance claim 77-120 settled",
    "Deposit at branch, counted twice",
];
