package io.sparkformer.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Feeds a reader with damaged files: it takes them, or says in one line why not; it needs neither
 * long nor more memory than a file of that size may.
 *
 * @param name of the reader, for its line of counts
 * @param form what the files are
 * @param fixedBytes what it allocates whatever the file's size: tables, buffers and the like
 * @param reader reads a file; throws {@link InvalidInputException} alone
 */
public record FuzzedReader(String name, Form form, long fixedBytes, Reader reader) {

  /** Where a reader needs no tables: buffers of Hadoop's streams and Jackson's parsers. */
  public static final long BUFFERS = 1 << 20;

  private static final int MUTATIONS = 20_000;
  private static final long SEED = 20_261;
  private static final long MOST_NANOS = 2_000_000_000;
  private static final long SIZES = 4;
  private static final int WARM_UP = 20;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Files that are nothing of what is looked for. */
  private static final List<String> OTHERS =
      List.of("", " ", "null", "true", "7", "1e400", "\"a\"", "[]", "{}", "[null]", "null\nnull\n");

  /** What the files are, which decides how they are damaged. */
  public enum Form {
    BINARY,
    TEXT,
    JSON
  }

  /** Reads the file that was written. */
  @FunctionalInterface
  public interface Reader {
    void read() throws IOException;
  }

  /**
   * Reads the wholes, and damaged copies of them.
   *
   * @param file where the reader looks
   * @param wholes files without damage, which are read, too
   */
  public void run(Path file, List<byte[]> wholes) throws IOException {
    for (int i = 0; i < WARM_UP; i++) { // loads classes, which allocates as well
      Files.write(file, wholes.get(i % wholes.size()));
      reader.read();
    }
    Mutations mutations = new Mutations(SEED);
    int taken = 0;
    long mostNanos = 0;
    long mostBytes = 0;
    long allNanos = THREADS.getCurrentThreadCpuTime();
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] damaged =
          i < OTHERS.size()
              ? OTHERS.get(i).getBytes(StandardCharsets.UTF_8)
              : mutations.of(wholes.get(i % wholes.size()), form);
      Files.write(file, damaged);
      long most = SIZES * damaged.length + fixedBytes;
      long bytes = Long.MAX_VALUE;
      long nanos = Long.MAX_VALUE;
      boolean isTaken = false;
      // Again where classes may have been loaded, which is done once for all files.
      for (int times = 0; times < 2 && (bytes >= most || nanos >= MOST_NANOS); times++) {
        bytes = THREADS.getCurrentThreadAllocatedBytes();
        nanos = THREADS.getCurrentThreadCpuTime();
        isTaken = read(damaged, i);
        nanos = THREADS.getCurrentThreadCpuTime() - nanos;
        bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
      }
      taken += isTaken ? 1 : 0;
      assertThat(nanos)
          .as("%s, mutation %d: nanoseconds for %s", name, i, shown(damaged))
          .isLessThan(MOST_NANOS);
      assertThat(bytes)
          .as(
              "%s, mutation %d: bytes allocated for %d of %s",
              name, i, damaged.length, shown(damaged))
          .isLessThan(most);
      mostNanos = Math.max(mostNanos, nanos);
      mostBytes = Math.max(mostBytes, bytes);
    }
    Files.write(file, wholes.get(0));
    reader.read(); // what was read before has left nothing behind
    System.out.printf(
        "fuzz: %s: %d mutations, %d read, %d refused, at most %.3f s and %d kB each, %.1f s of processor time in all%n",
        name,
        MUTATIONS,
        taken,
        MUTATIONS - taken,
        mostNanos / 1e9,
        mostBytes / 1000,
        (THREADS.getCurrentThreadCpuTime() - allNanos) / 1e9);
    assertThat(taken).as("mutations of %s that are refused", name).isLessThan(MUTATIONS);
  }

  @SuppressWarnings("PMD.AvoidCatchingThrowable")
  private boolean read(byte[] damaged, int mutation) {
    try {
      reader.read();
      return true;
    } catch (InvalidInputException e) {
      assertThat(e.getMessage())
          .as("%s, mutation %d of %s", name, mutation, shown(damaged))
          .isNotBlank()
          .hasSizeLessThan(3000)
          .matches("[^\\p{Cntrl}]*");
      return false;
    } catch (Throwable e) { // errors such as of the stack are what is looked for
      throw new AssertionError(
          String.format("%s, mutation %d of %s", name, mutation, shown(damaged)), e);
    }
  }

  private static String shown(byte[] content) {
    String text =
        new String(Arrays.copyOf(content, Math.min(content.length, 1500)), StandardCharsets.UTF_8);
    return text.replaceAll("\\p{Cntrl}", "?");
  }
}
