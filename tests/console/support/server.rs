//! What stands for an operator's own PostgreSQL: reached by TCP and TLS, with passwords and roles of a test's own?

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Child,
    sync::atomic::{AtomicU32, Ordering},
};

use nexus_console::db::{
    connect::{Target, connect},
    embedded::Embedded,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::sync::OnceCell;
use tokio_postgres::Client;

use super::cluster::{claimed, warden};

pub const SECRET: &str = "hunter2hunter2";

/// `nexus_app` is made in it by nobody, because no owner here may make roles.
pub struct Server {
    directory: PathBuf,
    /// What the certificate names.
    pub address: String,
    /// Listens as well, and the certificate does not name it.
    pub other_address: String,
    _embedded: Embedded,
    _warden: Child,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The run's own server, started by the first test that asks.
pub async fn server() -> &'static Server {
    SERVER.get_or_init(start).await
}

async fn start() -> Server {
    let process = std::process::id();
    let directory = std::env::temp_dir().join(format!("nexus-server-{process}"));
    fs::create_dir_all(&directory).expect("a folder for the server");
    // The port is the console's own choice, so what differs between runs is the loopback address.
    let [_, high, middle, low] = process.to_be_bytes();
    let address = format!("127.{}.{middle}.{low}", 64 + high % 32);
    let other_address = format!("127.{}.{middle}.{low}", 96 + high % 32);

    let embedded = claimed(&directory);
    let data = directory.join("data");
    certify(&directory, &address);
    let listening = format!("ALTER SYSTEM SET listen_addresses = '{address}, {other_address}'");
    embedded.bootstrap().await.expect("a database");
    let superuser = connect(&embedded.superuser_config()).await.expect("the superuser connects");
    superuser.batch_execute(&listening).await.expect("it listens");
    superuser.batch_execute("ALTER SYSTEM SET ssl = on").await.expect("it speaks TLS");
    drop(superuser);
    tokio::task::block_in_place(|| embedded.stop()).expect("the server stops");
    drop(embedded);

    let embedded = claimed(&directory);
    let access = data.join("pg_hba.conf");
    let mut rules = fs::read_to_string(&access).expect("the rules of access");
    rules.push_str("host all kept_out 0.0.0.0/0 reject\nhost all all 0.0.0.0/0 scram-sha-256\n");
    fs::write(&access, rules).expect("other rules of access");
    let superuser = connect(&embedded.superuser_config()).await.expect("the superuser connects");
    superuser.batch_execute("SELECT pg_reload_conf()").await.expect("it reads them");
    let warden = warden(&directory);
    let server = Server { directory, address, other_address, _embedded: embedded, _warden: warden };
    server.role("postgres", "").await;
    let remote = Target::parse(&server.url("postgres", SECRET, "postgres", "")).expect("a URL");
    for _ in 0..200 {
        if connect(&remote).await.is_ok() {
            return server;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the server does not let anybody in: {:?}", connect(&remote).await.err());
}

/// An authority, and what it says of one address.
fn certify(directory: &Path, address: &str) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("an authority");
    authority.distinguished_name.push(DnType::CommonName, "An authority of its own");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).expect("it signs itself");
    fs::write(directory.join("authority.pem"), certificate.pem()).expect("kept");
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let named = CertificateParams::new(vec![address.to_owned()]).expect("an address");
    let certificate = named.signed_by(&key, &issuer).expect("a certificate");
    let data = directory.join("data");
    let owner = fs::metadata(&data).expect("the data");
    for (name, content) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let path = data.join(name);
        fs::write(&path, content).expect("kept");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("for nobody else");
        chown(&path, Some(owner.uid()), Some(owner.gid())).expect("the server's own");
    }
}

impl Server {
    /// The certificate of whoever signed the server's.
    pub fn authority(&self) -> String {
        self.directory.join("authority.pem").display().to_string()
    }

    pub fn url(&self, user: &str, password: &str, database: &str, parameters: &str) -> String {
        let colon = if password.is_empty() { "" } else { ":" };
        format!("postgres://{user}{colon}{password}@{}:5432/{database}{parameters}", self.address)
    }

    pub async fn superuser(&self, database: &str) -> Client {
        connect(&Target::socket(&self.directory.join("run"), "postgres", database)).await.expect("the superuser connects")
    }

    /// A role that logs in with [`SECRET`], made if it is not there.
    pub async fn role(&self, name: &str, attributes: &str) {
        let superuser = self.superuser("postgres").await;
        let made = if name == "postgres" { "ALTER" } else { "CREATE" };
        let statement = format!("{made} ROLE {name} LOGIN PASSWORD '{SECRET}' {attributes}");
        superuser.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// A role of this name's own, without the right to make others, and its database of the same name.
    pub async fn lone_owner(&self) -> String {
        let name = format!("lone_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.role(&name, "NOCREATEROLE").await;
        let statement = format!("CREATE DATABASE {name} OWNER {name} TEMPLATE template0");
        self.superuser("postgres").await.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        name
    }
}
