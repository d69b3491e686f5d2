package io.sparkformer.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.jobs.attention.AttentionCommand;
import io.sparkformer.jobs.dataset.DatasetCommand;
import io.sparkformer.jobs.evaluate.EvaluateCommand;
import io.sparkformer.jobs.export.ExportCommand;
import io.sparkformer.jobs.generate.GenerateCommand;
import io.sparkformer.jobs.score.ScoreCommand;
import io.sparkformer.jobs.tokenize.TokenizeCommand;
import io.sparkformer.jobs.train.DoctorCommand;
import io.sparkformer.jobs.train.TrainCommand;
import io.sparkformer.jobs.vocabulary.TrainTokenizerCommand;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a job left behind that was run as the launcher runs it.
 *
 * @param code the exit code
 * @param out standard output
 * @param err standard error, without log lines
 */
public record CommandRun(int code, String out, String err) {

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
              List.of(
                  new TrainTokenizerCommand(),
                  new TokenizeCommand(),
                  new DatasetCommand(),
                  new TrainCommand(),
                  new EvaluateCommand(),
                  new ScoreCommand(),
                  new GenerateCommand(),
                  new AttentionCommand(),
                  new ExportCommand(),
                  new DoctorCommand()),
              args,
              new PrintStream(out, false, StandardCharsets.UTF_8),
              new PrintStream(err, false, StandardCharsets.UTF_8));
      return new CommandRun(
          code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    } finally {
      System.clearProperty("spark.master");
    }
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
