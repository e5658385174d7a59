//! Which names and bytes do the files under static/ get inside the program?

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

/// One file as it will be served: the hash in its name is of the bytes after rewriting, so a changed
/// font changes the stylesheet's address too.
struct Built {
    name: String,
    served: String,
    content_type: &'static str,
    bytes: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    // refinery and askama embed whole folders; without these a new file would go unnoticed.
    for folder in ["static", "templates", "migrations"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    walk(Path::new("static"), &mut files)?;
    // Stylesheets name other files, so those must have their final names first.
    files.sort_by_key(|path| (path.extension().is_some_and(|ending| ending == "css"), path.clone()));

    let mut built: Vec<Built> = Vec::new();
    for path in files {
        let Some(content_type) = content_type(&path) else {
            continue;
        };
        let name = path.strip_prefix("static")?.to_string_lossy().replace('\\', "/");
        let mut bytes = fs::read(&path)?;
        if content_type.starts_with("text/css") {
            bytes = with_hashed_urls(String::from_utf8(bytes)?, &built)?.into_bytes();
        }
        let served = hashed_name(&path, &bytes)?;
        built.push(Built { name, served, content_type, bytes });
    }
    fs::write(out.join("assets.rs"), table(&built, &out)?)?;
    Ok(())
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Licences and notes lie beside what they are about and are not served.
fn content_type(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

fn hashed_name(path: &Path, bytes: &[u8]) -> Result<String, Box<dyn Error>> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a file without a name")?;
    let ending = path.extension().and_then(|ending| ending.to_str()).ok_or("a file without an ending")?;
    let digest = hex::encode(Sha256::digest(bytes));
    Ok(format!("{stem}.{}.{ending}", &digest[..12]))
}

fn with_hashed_urls(mut style: String, built: &[Built]) -> Result<String, Box<dyn Error>> {
    for asset in built {
        style = style.replace(&format!("url({})", asset.name), &format!("url(/static/{})", asset.served));
    }
    // A name that stayed would be a font that silently never loads.
    match style.split("url(").skip(1).find(|rest| !rest.starts_with("/static/")) {
        Some(rest) => Err(format!("the stylesheet names a file that is not under static/: {rest:.60}").into()),
        None => Ok(style),
    }
}

fn table(built: &[Built], out: &Path) -> Result<String, Box<dyn Error>> {
    let mut code = format!("pub static ASSETS: [Asset; {}] = [\n", built.len());
    for asset in built {
        fs::write(out.join(&asset.served), &asset.bytes)?;
        let brotli = smaller(out, &asset.served, "br", brotli(&asset.bytes)?, asset.bytes.len())?;
        let gzip = smaller(out, &asset.served, "gz", gzip(&asset.bytes)?, asset.bytes.len())?;
        writeln!(
            code,
            "Asset {{ name: {:?}, served: {:?}, url: {:?}, content_type: {:?}, plain: include_bytes!({:?}), brotli: {brotli}, gzip: {gzip} }},",
            asset.name,
            asset.served,
            format!("/static/{}", asset.served),
            asset.content_type,
            out.join(&asset.served),
        )?;
    }
    code.push_str("];\n");
    Ok(code)
}

/// A compressed form is kept only where it saves something: fonts are compressed already.
fn smaller(out: &Path, served: &str, ending: &str, bytes: Vec<u8>, plain: usize) -> Result<String, Box<dyn Error>> {
    if bytes.len() * 10 > plain * 9 {
        return Ok("None".to_owned());
    }
    let path = out.join(format!("{served}.{ending}"));
    fs::write(&path, bytes)?;
    Ok(format!("Some(include_bytes!({path:?}))"))
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 1 << 16, 11, 22);
    writer.write_all(bytes)?;
    drop(writer);
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}
