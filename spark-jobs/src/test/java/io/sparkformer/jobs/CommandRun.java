package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a job left behind that was run as the launcher runs it.
 *
 * @param job its name
 * @param code the exit code
 * @param out standard output
 * @param err standard error, without log lines
 */
public record CommandRun(String job, int code, String out, String err) {

  public static CommandRun of(List<String> args) {
    return of(args.toArray(new String[0]));
  }

  /** Runs a job on a Spark of one core. */
  public static CommandRun of(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    System.setProperty("spark.master", "local[1]");
    try {
      int code =
          Main.run(
              Main.jobs(),
              args,
              new PrintStream(out, false, StandardCharsets.UTF_8),
              new PrintStream(err, false, StandardCharsets.UTF_8));
      return new CommandRun(
          args[0],
          code,
          out.toString(StandardCharsets.UTF_8),
          err.toString(StandardCharsets.UTF_8));
    } finally {
      System.clearProperty("spark.master");
    }
  }

  /** Requires that it did its work. */
  public CommandRun requireDone() {
    assertThat(code).as(err).isEqualTo(ExitCode.DONE);
    return this;
  }

  /** Requires that it said in one line, with these parts, what its user did wrong. */
  public void requireMistake(String... parts) {
    assertThat(code).as(err + out).isEqualTo(ExitCode.MISUSED);
    assertThat(out).isEmpty();
    assertThat(err).startsWith("sparkformer " + job + ": ").contains(parts).hasLineCount(1);
  }

  /** The last line of standard output. */
  public JsonNode json() {
    try {
      return new ObjectMapper().readTree(out.substring(shown().length()));
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON at the end of: " + out + err, e);
    }
  }

  /** Standard output before its last line. */
  public String shown() {
    return out.substring(0, out.lastIndexOf('\n', out.length() - 2) + 1);
  }
}
