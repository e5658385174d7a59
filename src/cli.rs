//! Which commands are there, and how does each end?

mod audit;
mod demo;
mod migrate;
mod password;
mod reach;
mod user;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::{
    app::Tables,
    operations::doctor,
    pages::arrival::REQUESTS,
    server::{self, Mode},
    settings::{Options, Precaution, Settings},
};

/// For mistakes of whoever typed the command, as every program of a Unix system has it.
const WRONG_USAGE: u8 = 2;

/// A web console over the NEXUS Platform database
#[derive(Debug, Parser)]
#[command(name = "nexus-console", version, max_term_width = 100)]
struct CommandLine {
    /// Without a command the console serves, as with `serve`
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
    /// `nexus-console --demo` is `nexus-console serve --demo`
    #[arg(long, hide = true)]
    demo: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the console until told to stop (the default command)
    Serve(ServeOptions),
    /// Show, apply, undo or check the database's migrations
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Create a user, or give one a new password
    #[command(subcommand)]
    User(user::User),
    /// Fill an empty database with as many transactions as asked for, to measure on
    Demo(demo::Demo),
    /// Verify the sealed audit log, or take a checkpoint of it
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Say what is wrong with configuration, database, roles and triggers, and what to type
    Doctor,
}

#[derive(Debug, Args)]
struct ServeOptions {
    /// Fill an empty embedded database with demo data and users; on this machine only
    #[arg(long)]
    demo: bool,
    /// Adopt an existing database, or change what is there, without a backup before
    #[arg(long)]
    no_backup: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Serve(#[from] server::ServeError),
    #[error(transparent)]
    Reach(#[from] reach::ReachError),
    #[error(transparent)]
    Migrate(#[from] migrate::MigrateFailure),
    #[error(transparent)]
    User(#[from] user::UserError),
    #[error(transparent)]
    Demo(#[from] demo::DemoFailure),
    #[error(transparent)]
    Audit(#[from] Box<audit::AuditFailure>),
    /// Said already, finding by finding.
    #[error("")]
    Unwell,
}

/// Parses, runs, and turns the outcome into what the shell gets.
#[must_use]
pub fn run() -> ExitCode {
    let line = CommandLine::parse();
    let mut settings = match Settings::parse(line.options) {
        Ok(settings) => settings,
        Err(error) => return end(&Failure::Usage(error.to_string())),
    };
    if let Err(error) = start_log(&settings) {
        return end(&error);
    }
    let command = match (line.command, line.demo) {
        (None, demo) => Command::Serve(ServeOptions { demo, no_backup: false }),
        (Some(Command::Serve(options)), demo) => Command::Serve(ServeOptions { demo: demo || options.demo, ..options }),
        (Some(command), false) => command,
        (Some(_), true) => return end(&Failure::Usage("--demo belongs to serve".into())),
    };
    if let Command::Serve(ServeOptions { no_backup: true, .. }) = command {
        settings.precaution = Precaution::None;
    }
    match actix_web::rt::System::new().block_on(execute(command, settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure),
    }
}

async fn execute(command: Command, settings: Settings) -> Result<(), Failure> {
    match command {
        Command::Serve(ServeOptions { demo: true, .. }) => Ok(server::serve(settings, Mode::Demo, Tables::of_the_platform()).await?),
        Command::Serve(ServeOptions { demo: false, .. }) => Ok(server::serve(settings, Mode::Plain, Tables::of_the_platform()).await?),
        Command::Migrate(command) => Ok(migrate::run(command, &settings).await?),
        Command::User(command) => Ok(user::run(command, &settings).await?),
        Command::Demo(command) => Ok(demo::run(command, &settings).await?),
        Command::Audit(command) => Ok(audit::run(command, &settings).await.map_err(Box::new)?),
        Command::Doctor => examine(&settings).await,
    }
}

async fn examine(settings: &Settings) -> Result<(), Failure> {
    let report = match reach::Reached::open(settings, "doctor").await {
        Ok(reached) => {
            let report = doctor::examine(settings, &reached.owner, &Tables::of_the_platform()).await;
            let repair = reached.repair_command();
            reached.close().await?;
            report.with_note(repair)
        }
        Err(error) => doctor::Report::unreachable(settings, &error.to_string()),
    };
    print!("{report}");
    if report.is_well() { Ok(()) } else { Err(Failure::Unwell) }
}

/// One line on standard error, and the status: 2 for wrong usage, 1 for everything else.
fn end(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Usage(_) => {
            eprintln!("nexus-console: {failure}");
            ExitCode::from(WRONG_USAGE)
        }
        Failure::Unwell => ExitCode::FAILURE,
        Failure::Serve(server::ServeError::DemoElsewhere | server::ServeError::DemoExposed(_)) => {
            eprintln!("nexus-console: {failure}");
            ExitCode::from(WRONG_USAGE)
        }
        Failure::Serve(_) | Failure::Reach(_) | Failure::Migrate(_) | Failure::User(_) | Failure::Demo(_) | Failure::Audit(_) => {
            eprintln!("nexus-console: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// How many days of files NEXUS_LOG_DIR keeps.
const DAYS_KEPT: usize = 30;

/// To standard error, or to a file a day.
fn start_log(settings: &Settings) -> Result<(), Failure> {
    use tracing_appender::rolling::{RollingFileAppender, Rotation};
    use tracing_subscriber::EnvFilter;
    let is_terminal = settings.log_dir.is_none() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A line a request would drown what the console has to say to a person.
    let usual = if is_terminal { format!("warn,nexus_console=info,{REQUESTS}=warn") } else { "warn,nexus_console=info".to_owned() };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().compact().with_target(false).with_env_filter(filter);
    match &settings.log_dir {
        None => log.with_ansi(is_terminal).with_writer(std::io::stderr).init(),
        Some(directory) => {
            let daily = RollingFileAppender::builder().rotation(Rotation::DAILY).filename_prefix("nexus-console").filename_suffix("log");
            let files = daily.max_log_files(DAYS_KEPT).build(directory).map_err(|error| {
                let directory = directory.display();
                Failure::Usage(format!("NEXUS_LOG_DIR: read {directory:?}: {error}; accepted is a directory the console may write to"))
            })?;
            log.with_ansi(false).with_writer(files).init();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::CommandLine;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
