//! Which flags and environment variables does the console read?

use std::ffi::OsString;

use clap::Args;

/// As typed: nothing is checked here, so that one place words every complaint.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Configuration (flag, else environment variable, else default)")]
pub struct Options {
    /// The PostgreSQL database to work on; without it the console runs one of its own
    #[arg(long, global = true, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<OsString>,

    /// Whom migrations log in as: the owner of the tables; default is DATABASE_URL
    #[arg(long, global = true, env = "DATABASE_MIGRATION_URL", value_name = "URL", hide_env_values = true)]
    pub database_migration_url: Option<OsString>,

    /// Address and port to listen on; default is 127.0.0.1:8080, port 0 takes a free one
    #[arg(long, global = true, env = "NEXUS_BIND", value_name = "ADDRESS", hide_env_values = true)]
    pub bind: Option<OsString>,

    /// Directory of the console's own database, keys and one-time secrets;
    /// default is /var/lib/nexus-console for root, else $XDG_DATA_HOME/nexus-console
    #[arg(long, global = true, env = "NEXUS_DATA_DIR", value_name = "DIRECTORY", hide_env_values = true)]
    pub data_dir: Option<OsString>,

    /// Keys of 32 bytes in hex, comma separated, newest first; required with DATABASE_URL
    #[arg(long, global = true, env = "NEXUS_SECRET_KEY", value_name = "KEYS", hide_env_values = true)]
    pub secret_key: Option<OsString>,

    /// Ed25519 keys that sign the audit log's checkpoints: 32 bytes in hex each, comma separated, newest first;
    /// default is made once and kept in the data directory
    #[arg(long, global = true, env = "NEXUS_AUDIT_KEY", value_name = "KEYS", hide_env_values = true)]
    pub audit_key: Option<OsString>,

    /// Who gets the audit log's newest checkpoint by mail, once a day; needs NEXUS_SMTP_URL
    #[arg(long, global = true, env = "NEXUS_AUDIT_MAIL", value_name = "ADDRESS", hide_env_values = true)]
    pub audit_mail: Option<OsString>,

    /// The address people type when a proxy stands in front, such as https://console.example.com
    #[arg(long, global = true, env = "NEXUS_PUBLIC_URL", value_name = "URL", hide_env_values = true)]
    pub public_url: Option<OsString>,

    /// Text in a band on every page and in the title, such as Production
    #[arg(long, global = true, env = "NEXUS_ENVIRONMENT", value_name = "TEXT", hide_env_values = true)]
    pub environment: Option<OsString>,

    /// Mail server for one-time links, smtp:// or smtps://; without it they are shown once
    #[arg(long, global = true, env = "NEXUS_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<OsString>,

    /// Directory for the console's log, a file a day of which 30 are kept; default is standard error
    #[arg(long, global = true, env = "NEXUS_LOG_DIR", value_name = "DIRECTORY", hide_env_values = true)]
    pub log_dir: Option<OsString>,

    /// The six demo users' password; default is generated and kept in the data directory
    #[arg(long, global = true, env = "NEXUS_DEMO_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub demo_password: Option<OsString>,
}
