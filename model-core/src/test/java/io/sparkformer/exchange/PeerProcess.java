package io.sparkformer.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Processes of other programs. */
public final class PeerProcess {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MINUTES = 10;

  private PeerProcess() {}

  /**
   * What a system property says; without it the test is skipped.
   *
   * @param what it should name
   */
  public static String required(String property, String what) {
    String value = System.getProperty(property, "");
    assumeTrue(!value.isBlank(), "skipped: -D" + property + "=PATH does not name " + what);
    return value;
  }

  /** A resource as a file that is deleted at the end. */
  static Path resource(Class<?> beside, String name) throws IOException {
    Path file = Files.createTempFile("peer-", name);
    file.toFile().deleteOnExit();
    try (InputStream in = beside.getResourceAsStream(name)) {
      assertThat(in).as("resource %s beside %s", name, beside).isNotNull();
      Files.write(file, in.readAllBytes());
    }
    return file;
  }

  static JsonNode run(List<String> program, Object... arguments) throws IOException {
    List<String> command = new ArrayList<>(program);
    Arrays.stream(arguments).map(Object::toString).forEach(command::add);
    Path out = Files.createTempFile("peer-", ".out");
    Path err = Files.createTempFile("peer-", ".err");
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().put("HF_HUB_OFFLINE", "1");
      builder.redirectOutput(out.toFile()).redirectError(err.toFile());
      int code = exitCode(builder.start());
      assertThat(code).as("%s: %s", command, Files.readString(err)).isZero();
      List<String> lines = Files.readAllLines(out);
      assertThat(lines).as("output of %s", command).isNotEmpty();
      return JSON.readTree(lines.get(lines.size() - 1));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static int exitCode(Process process) {
    try {
      assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES))
          .as("ends within %d minutes", MINUTES)
          .isTrue();
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      process.destroyForcibly();
    }
  }
}
