package io.sparkformer.datasets;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where DJL unpacks native libraries, which are then run: a directory of the user's own that nobody
 * else may enter.
 *
 * <p>It is {@code sparkformer} in DJL's cache directory: {@code DJL_CACHE_DIR}, or {@code .djl.ai}
 * in the home directory. {@code ENGINE_CACHE_DIR} names it itself. Without a home that can be
 * written it is a {@link TemporaryFolder}: DJL would take a name in the temporary directory that
 * anybody can take before.
 */
public final class NativeFolder {

  private static final Logger LOG = LoggerFactory.getLogger(NativeFolder.class);
  private static final String ENGINE_VARIABLE = "ENGINE_CACHE_DIR";
  private static final String CACHE_VARIABLE = "DJL_CACHE_DIR";
  private static final Set<PosixFilePermission> OWNERS =
      PosixFilePermissions.fromString("rwx------");

  /** Elsewhere a home directory hands its own protection down. */
  private static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  /** DJL's names for what it is still unpacking. */
  private static final String UNPACKING = "tmp.*|jni.*tmp";

  private NativeFolder() {}

  /**
   * Loads a library that DJL unpacks. What a process that was killed while it did so left there is
   * deleted before.
   *
   * @throws InvalidInputException if the directory cannot be used
   */
  @SuppressWarnings("try") // It is used by being open.
  public static synchronized <T> T load(Supplier<T> library) {
    Path folder = choose();
    // DJL unpacks beside, and renames: an unpacking that was cut is never used.
    try (SharedDirectory shared = SharedDirectory.enter(folder, () -> deleteLeftBehind(folder))) {
      return library.get();
    } catch (IOException e) {
      throw unusable(folder, reason(e), e);
    } catch (RuntimeException | LinkageError e) {
      throw explained(folder, e);
    }
  }

  private static Path choose() {
    Optional<String> engine = setting(ENGINE_VARIABLE);
    Path folder =
        engine
            .or(() -> setting(CACHE_VARIABLE).map(cache -> cache + "/sparkformer"))
            .map(Path::of)
            .or(NativeFolder::inHome)
            .orElseGet(NativeFolder::temporary)
            .toAbsolutePath();
    try {
      Files.createDirectories(folder.getParent(), attributes());
      create(folder);
      if (POSIX) {
        requireOwn(folder);
      }
    } catch (IOException e) {
      throw unusable(folder, reason(e), e);
    }
    System.setProperty(ENGINE_VARIABLE, folder.toString());
    return folder;
  }

  /** As DJL reads it. */
  private static Optional<String> setting(String variable) {
    return Optional.ofNullable(System.getenv(variable))
        .or(() -> Optional.ofNullable(System.getProperty(variable)))
        .filter(value -> !value.isEmpty());
  }

  private static FileAttribute<?>[] attributes() {
    return POSIX
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNERS)}
        : new FileAttribute<?>[0];
  }

  private static Optional<Path> inHome() {
    Path home = Path.of(System.getProperty("user.home"));
    return Files.isDirectory(home) && Files.isWritable(home)
        ? Optional.of(home.resolve(".djl.ai/sparkformer"))
        : Optional.empty();
  }

  private static Path temporary() {
    try {
      return TemporaryFolder.create("natives-");
    } catch (IOException e) {
      throw unusable(Path.of(System.getProperty("java.io.tmpdir")), reason(e), e);
    }
  }

  private static void create(Path folder) throws IOException {
    try {
      Files.createDirectory(folder, attributes());
    } catch (FileAlreadyExistsException e) {
      LOG.debug("{} is there", folder);
    }
  }

  private static void requireOwn(Path folder) throws IOException {
    PosixFileAttributes found =
        Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!found.isDirectory()) {
      throw unusable(folder, found.isSymbolicLink() ? "it is a symbolic link" : "it is a file");
    }
    UserPrincipal user = ownerOfANewFile(folder, found);
    if (!found.owner().equals(user)) {
      throw unusable(
          folder, "it belongs to %s, not to %s".formatted(found.owner().getName(), user.getName()));
    }
    if (!OWNERS.equals(found.permissions())) {
      throw unusable(
          folder,
          "its permissions are %s, so that others may get in (chmod 700 it if you trust what it holds)"
              .formatted(PosixFilePermissions.toString(found.permissions())));
    }
  }

  /** This process's user, whose name need not be known in a container. */
  private static UserPrincipal ownerOfANewFile(Path folder, PosixFileAttributes found)
      throws IOException {
    try {
      Path probe = Files.createTempFile(folder, ".owner-", "");
      UserPrincipal user = Files.getOwner(probe);
      Files.delete(probe);
      return user;
    } catch (AccessDeniedException e) {
      throw unusable(
          folder,
          "it belongs to %s, with permissions %s, and cannot be written"
              .formatted(
                  found.owner().getName(), PosixFilePermissions.toString(found.permissions())),
          e);
    }
  }

  private static void deleteLeftBehind(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes ignored) {
            if (!directory.getFileName().toString().matches(UNPACKING)) {
              return FileVisitResult.CONTINUE;
            }
            TemporaryFolder.delete(directory);
            return FileVisitResult.SKIP_SUBTREE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes ignored)
              throws IOException {
            if (file.getFileName().toString().matches(UNPACKING)) {
              Files.deleteIfExists(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** A directory's fault as such, and any other failure as it is. */
  private static RuntimeException explained(Path folder, Throwable failure) {
    for (Throwable cause : Reason.causesOf(failure)) {
      if (cause instanceof IOException e) {
        return unusable(folder, reason(e), e);
      }
      if (cause instanceof UnsatisfiedLinkError && isNoExec(cause)) {
        return unusable(folder, "no program may be run from that file system (noexec)", cause);
      }
    }
    if (failure instanceof LinkageError error) {
      throw error;
    }
    return (RuntimeException) failure;
  }

  private static boolean isNoExec(Throwable cause) {
    return Objects.requireNonNullElse(cause.getMessage(), "")
        .contains("failed to map segment from shared object");
  }

  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException denied) {
      return "permission denied for " + denied.getFile();
    }
    if (e instanceof FileAlreadyExistsException file) {
      return file.getFile() + " is no directory";
    }
    if (e instanceof NoSuchFileException file) {
      return file.getFile() + " is not there and cannot be made";
    }
    return e instanceof FileSystemException file && file.getReason() != null
        ? file.getReason()
        : Reason.of(e);
  }

  private static InvalidInputException unusable(Path folder, String reason) {
    return unusable(folder, reason, null);
  }

  private static InvalidInputException unusable(Path folder, String reason, Throwable cause) {
    return new InvalidInputException(
        String.format(
            "the engine's native libraries cannot be unpacked to %s on %s: %s: set %s to a directory of"
                + " your own with 500 MB (for executors: --conf spark.executorEnv.%4$s=DIRECTORY)",
            folder,
            host(),
            reason,
            System.getenv(ENGINE_VARIABLE) == null ? CACHE_VARIABLE : ENGINE_VARIABLE),
        cause);
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "this host";
    }
  }
}
