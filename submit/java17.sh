# What the scripts here share: a message and exit 2 for mistakes, the search for Java 17, UTF-8. To be sourced.

fail() {
  printf '%s\n' "${0##*/}: $1" "${@:2}" >&2
  exit 2
}

real_path() {
  local path="$1" link
  while [ -L "$path" ]; do
    link="$(readlink "$path")"
    case "$link" in
      /*) path="$link" ;;
      *) path="$(dirname "$path")/$link" ;;
    esac
  done
  printf '%s/%s\n' "$(CDPATH='' cd -- "$(dirname "$path")" && pwd -P)" "$(basename "$path")"
}

# The major version of the Java in $1, or nothing.
java_version() {
  if [ ! -x "$1/bin/java" ]; then
    return
  elif [ -r "$1/release" ]; then
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
  else
    "$1/bin/java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p'
  fi
}

java_on_path() {
  local java
  java="$(command -v java)" || return 0
  dirname "$(dirname "$(real_path "$java")")"
}

usual_java_homes() {
  local home
  for home in /usr/lib/jvm/*17* /Library/Java/JavaVirtualMachines/*17*/Contents/Home "${HOME:-}"/.sdkman/candidates/java/17*; do
    printf '%s\n' "$home"
  done
  if [ -x /usr/libexec/java_home ]; then
    /usr/libexec/java_home -v 17 2>/dev/null || true
  fi
}

# Sets JAVA_HOME to a Java 17.
find_java() {
  local candidate path_home
  path_home="$(java_on_path)"
  while IFS= read -r candidate; do
    if [ "$(java_version "$candidate")" = 17 ]; then
      export JAVA_HOME="$candidate"
      return
    fi
  done < <(printf '%s\n' "${JAVA_HOME:-}" "$path_home" && usual_java_homes)
  fail "no Java 17 here, and Spark 3.5 runs on no newer one" \
    "  JAVA_HOME: $(described_java "${JAVA_HOME:-}")" \
    "  java on the PATH: $(described_java "$path_home")" \
    "install one (apt-get install openjdk-17-jdk-headless, brew install openjdk@17) or set JAVA_HOME to it"
}

described_java() {
  local version
  version="$(java_version "$1")"
  if [ -z "$1" ]; then
    printf 'not set\n'
  elif [ -z "$version" ]; then
    printf '%s, which holds no Java\n' "$1"
  else
    printf '%s, which is Java %s\n' "$1" "$version"
  fi
}

# Java reads the command line and file names in the locale's encoding.
use_utf8() {
  # By what the locale does, not by its name: one that is not installed counts as C.
  [ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8
}
