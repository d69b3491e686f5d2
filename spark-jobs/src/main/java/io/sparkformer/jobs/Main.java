package io.sparkformer.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.FullDisk;
import io.sparkformer.jobs.cluster.GivenUpException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.ServiceLoader;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The command line, {@code sparkformer <job> [options]}.
 *
 * <p>A job is a {@link JobCommand}. What it returns, a record, is printed as one line of JSON, the
 * last on standard output; a job that has more to say there writes to its {@code CommandLine}'s
 * {@code getOut()}. Everything else goes to standard error. What a terminal would obey is shown
 * there ({@link ControlCharacters}); in a pipe, standard output has each byte as it is.
 *
 * <p>The exit code is one of {@link ExitCode}.
 */
public final class Main {

  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private Main() {}

  /** Ends the JVM with the job's exit code, or has it ended where that is others' to do. */
  public static void main(String[] args) {
    PrintStream results = utf8(FileDescriptor.out);
    PrintStream messages = utf8(FileDescriptor.err);
    // What a library prints must not mix with results.
    System.setOut(messages);
    System.setErr(messages);
    int code = run(jobs(), args, results, messages);
    if (code == ExitCode.DONE && isInApplicationMaster(System.getProperties())) {
      return;
    }
    // A return would not do: Spark's barrier timer is not a daemon thread.
    System.exit(code);
  }

  /** YARN's takes an exit, of any code, for a failure, and ends the JVM by itself. */
  static boolean isInApplicationMaster(Properties settings) {
    return "yarn".equals(settings.getProperty("spark.master"))
        && "cluster".equals(settings.getProperty("spark.submit.deployMode"));
  }

  /** Every job, in the order in which {@code --help} lists them. */
  static List<JobCommand> jobs() {
    return ServiceLoader.load(JobCommand.class, Main.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  /** Runs the job that {@code args} name and returns the exit code. */
  public static int run(
      List<? extends JobCommand> jobs, String[] args, PrintStream out, PrintStream err) {
    CommandLine root = commandLine(jobs, out, err);
    int code;
    if (args.length == 0) {
      root.usage(root.getErr());
      code = ExitCode.MISUSED;
    } else {
      code = execute(root, args);
    }
    out.flush();
    err.flush();
    return code;
  }

  private static int execute(CommandLine root, String[] args) {
    try {
      int code = root.execute(args);
      printResult(root);
      return code;
    } catch (JsonProcessingException | Error e) {
      return failed(e, named(root));
    }
  }

  private static CommandLine commandLine(
      List<? extends JobCommand> jobs, PrintStream out, PrintStream err) {
    CommandLine root = new CommandLine(new Sparkformer());
    jobs.forEach(root::addSubcommand);
    addHelp(root);
    root.setCaseInsensitiveEnumValuesAllowed(true);
    root.setExpandAtFiles(false); // a prompt may begin with @
    root.setUsageHelpAutoWidth(true);
    root.setOut(writer(out));
    root.setErr(writer(err));
    root.setExecutionStrategy(parsed -> executeJob(root, parsed));
    root.setParameterExceptionHandler((e, args) -> misused(e));
    root.setExecutionExceptionHandler((e, job, parsed) -> failed(e, job));
    return root;
  }

  /** Help has escapes of its own, for colours; what comes from data must have none. */
  private static int executeJob(CommandLine root, ParseResult parsed) {
    Integer helped = CommandLine.executeHelpRequest(parsed);
    if (helped != null) {
      return helped;
    }
    if (ControlCharacters.isStandardOutputATerminal()) {
      root.setOut(new PrintWriter(ControlCharacters.showing(root.getOut()), true));
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static void addHelp(CommandLine job) {
    job.getCommandSpec()
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Show this help.")
                .build());
    job.getSubcommands().values().forEach(Main::addHelp);
  }

  private static void printResult(CommandLine root) throws JsonProcessingException {
    CommandLine job = named(root);
    Object result = job.getExecutionResult();
    if (result != null) {
      job.getOut().println(JSON.writeValueAsString(result));
    }
  }

  private static int misused(ParameterException e) {
    CommandLine job = e.getCommandLine();
    say(job, Misuse.messageOf(e));
    return ExitCode.MISUSED;
  }

  private static int failed(Throwable e, CommandLine job) {
    if (shuttingDown()) {
      say(job, "interrupted");
      return ExitCode.INTERRUPTED;
    }
    Optional<String> mistake = Failure.mistakeIn(e);
    if (mistake.isPresent()) {
      say(job, mistake.get());
      return ExitCode.MISUSED;
    }
    if (e instanceof GivenUpException) {
      say(job, e.getMessage());
      return ExitCode.FAILED;
    }
    Optional<String> full = FullDisk.in(e, outputOf(job));
    if (full.isPresent()) {
      say(job, full.get());
      return ExitCode.FAILED;
    }
    LoggerFactory.getLogger(Main.class).error("{} failed", nameOf(job), e);
    say(job, Failure.rootOf(e));
    return ExitCode.FAILED;
  }

  private static Optional<String> outputOf(CommandLine job) {
    return Optional.ofNullable(job.getCommandSpec().findOption("--output"))
        .map(OptionSpec::<Object>getValue)
        .map(Object::toString);
  }

  private static void say(CommandLine job, String message) {
    job.getErr().printf("%s: %s%n", nameOf(job), ControlCharacters.shown(message));
  }

  /** Whether Ctrl-C or a signal ended the JVM, which makes Spark fail the job that was running. */
  private static boolean shuttingDown() {
    Thread probe = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(probe);
      Runtime.getRuntime().removeShutdownHook(probe);
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  private static CommandLine named(CommandLine root) {
    ParseResult parsed = root.getParseResult();
    List<CommandLine> path = parsed.asCommandLineList();
    return path.get(path.size() - 1);
  }

  private static String nameOf(CommandLine job) {
    return job.getCommandSpec().qualifiedName();
  }

  private static PrintStream utf8(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
  }

  @Command(
      name = "sparkformer",
      synopsisSubcommandLabel = "<job>",
      description = "Trains decoder transformers on Apache Spark, and puts them to use.",
      commandListHeading = "%nJobs:%n",
      footer = {
        "",
        "'sparkformer <job> --help' shows a job's options.",
        "What follows a bare '--' goes to spark-submit: sparkformer <job> ... -- --master local[2]"
      })
  private static final class Sparkformer {}
}
