package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.sparkformer.datasets.tokenizer.CharTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher and quickstart, started as a user starts them. */
class SubmitScriptsIT {
  private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
  private static final Path LAUNCHER = CHECKOUT.resolve("submit/sparkformer");
  private static final Path QUICKSTART = CHECKOUT.resolve("submit/quickstart");

  @TempDir private Path directory;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void startFromAnEnvironmentWithoutSpark() {
    environment.putAll(System.getenv());
    environment.keySet().removeIf(name -> name.startsWith("SPARK"));
  }

  @Test
  void helpIsOnStandardOutput() throws Exception {
    Outcome outcome = launch(LAUNCHER, "--help");

    assertThat(outcome.code()).isZero();
    assertThat(outcome.out()).startsWith("Usage: sparkformer").contains("spark-submit");
    assertThat(outcome.err()).isEmpty();
  }

  @Test
  void noArgumentsShowTheHelpAsAMistake() throws Exception {
    Outcome outcome = launch(LAUNCHER);

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).startsWith("Usage: sparkformer");
  }

  @Test
  void anUnknownJobIsAMistake() throws Exception {
    Outcome outcome = launch(LAUNCHER, "trian", "--", "--master", "local[1]");

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err())
        .startsWith("sparkformer: ")
        .contains("'trian'", "did you mean train?");
  }

  @Test
  void escapesInATextAreShownOnATerminalAndAreThemselvesInAPipe() throws Exception {
    Path script = Path.of("/usr/bin/script");
    assumeThat(script).as("a pseudo-terminal needs util-linux's 'script'").isExecutable();
    String text = "a\u001b[31m\u009bJ\u202e\tb";
    CharTokenizer tokenizer = ModelFixture.tokenizer(text);
    ModelFixture.write(directory.resolve("model"), 16, Optional.of(tokenizer));
    String ids =
        text.chars()
            .mapToObj(c -> Integer.toString(tokenizer.idOf(c)))
            .collect(Collectors.joining(","));
    String[] job = {
      "generate", "--model", directory + "/model", "--prompt-ids", ids, "--max-new-tokens", "1"
    };

    Outcome terminal =
        launch(
            script,
            "-qec",
            "'" + LAUNCHER + "' " + String.join(" ", job),
            directory + "/typescript");
    Outcome pipe = launch(LAUNCHER, job);

    assertThat(terminal.code()).as(terminal.out()).isZero();
    assertThat(terminal.out())
        .contains("a\\u001B[31m\\u009BJ\\u202E\tb", "{\"samples\":[\"a\\u001B[31m\\u009BJ\\u202E")
        .doesNotContain("\u001b[31m", "\u009b", "\u202e");
    assertThat(pipe.out()).startsWith(text);
  }

  @Test
  void aLinkToTheLauncherFindsTheCheckout() throws Exception {
    Path link =
        Files.createSymbolicLink(
            Files.createDirectory(directory.resolve("my bin")).resolve("sparkformer"), LAUNCHER);

    assertThat(launch(link, "--help").code()).isZero();
  }

  @Test
  void aCheckoutMayHaveSpacesInItsPath() throws Exception {
    Path checkout = copyOfTheScripts("my check out");
    Files.createSymbolicLink(
        Files.createDirectory(checkout.resolve("spark-jobs")).resolve("target"),
        CHECKOUT.resolve("spark-jobs/target"));

    Outcome help = launch(checkout.resolve("submit/sparkformer"), "--help");
    Outcome job = launch(checkout.resolve("submit/sparkformer"), "trian");

    assertThat(help.code()).isZero();
    assertThat(help.out()).startsWith("Usage: sparkformer");
    assertThat(job.code()).isEqualTo(2);
    assertThat(job.err()).startsWith("sparkformer: ").contains("'trian'");
  }

  @Test
  void aCheckoutThatIsNotBuiltSaysHowToBuildIt() throws Exception {
    Path checkout = copyOfTheScripts("fresh");

    Outcome outcome = launch(checkout.resolve("submit/sparkformer"), "train");

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err())
        .contains(
            "sparkformer: there is no " + checkout.toRealPath() + "/spark-jobs/target/",
            "build it first, in " + checkout.toRealPath(),
            "mvn -B -DskipTests package");
  }

  @Test
  void aJavaHomeThatIsNoJava17GivesWayToOneThatIs() throws Exception {
    environment.put("JAVA_HOME", javaHomeOf("25.0.1").toString());
    environment.put("PATH", System.getProperty("java.home") + "/bin:" + System.getenv("PATH"));

    assertThat(launch(LAUNCHER, "--help").code()).isZero();
  }

  @Test
  void withoutJava17TheMessageSaysWhatIsThereAndWhatToInstall() throws Exception {
    Path checkout = copyOfTheScripts("no java");
    Path search = checkout.resolve("submit/java17.sh");
    String elsewhere = directory + "/none/";
    Files.writeString(
        search,
        Files.readString(search)
            .replace("/usr/lib/jvm/", elsewhere)
            .replace("/Library/Java/", elsewhere)
            .replace("/usr/libexec/", elsewhere));
    Path java25 = javaHomeOf("25.0.1");
    Path java11 = javaHomeOf("11.0.2");
    environment.put("HOME", elsewhere);
    environment.put("JAVA_HOME", java25.toString());
    environment.put("PATH", java11.resolve("bin") + ":" + System.getenv("PATH"));

    Outcome outcome = launch(checkout.resolve("submit/sparkformer"), "train");

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err())
        .contains(
            "sparkformer: no Java 17 here, and Spark 3.5 runs on no newer one",
            "JAVA_HOME: " + java25 + ", which is Java 25",
            "java on the PATH: " + java11.toRealPath() + ", which is Java 11",
            "openjdk-17");
  }

  @Test
  void aSparkHomeWithoutSparkIsAMistake() throws Exception {
    environment.put("SPARK_HOME", directory.toString());

    Outcome outcome = launch(LAUNCHER, "train");

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err())
        .contains("SPARK_HOME is " + directory + ", but there is no bin/spark-submit in it")
        .contains("unset it to use the embedded Spark");
  }

  @Test
  void aSparkHomesSubmitGetsEveryArgumentAsItWasGiven() throws Exception {
    environment.put("SPARK_HOME", sparkHomeThatPrintsItsArguments().toString());

    Outcome outcome =
        launch(
            LAUNCHER, "train", "--config", "a b.yaml", "--set", "x=*", "", "--", "--conf", "k=v w");

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.out().lines())
        .containsExactly(
            "--class",
            "io.sparkformer.jobs.Main",
            "--conf",
            "spark.driver.extraJavaOptions=-Dai.djl.offline=true",
            "--conf",
            "spark.executor.extraJavaOptions=-Dai.djl.offline=true",
            "--conf",
            "k=v w",
            CHECKOUT.toRealPath() + "/spark-jobs/target/sparkformer.jar",
            "train",
            "--config",
            "a b.yaml",
            "--set",
            "x=*",
            "");
  }

  @Test
  void javaOptionsOfTheUserAreLeftAlone() throws Exception {
    Path home = sparkHomeThatPrintsItsArguments();
    environment.put("SPARK_HOME", home.toString());
    Files.writeString(
        Files.createDirectory(home.resolve("conf")).resolve("spark-defaults.conf"),
        "spark.executor.extraJavaOptions -Dx=y\n");

    Outcome outcome = launch(LAUNCHER, "train", "--", "--driver-java-options", "-Da=b");

    assertThat(outcome.out())
        .contains("--driver-java-options\n-Da=b\n")
        .doesNotContain("ai.djl.offline");
  }

  @Test
  void quickstartRunsThreeJobsAndEndsWithTheResultOfTraining() throws Exception {
    environment.put("SPARK_HOME", sparkHomeThatAnswersEachJob().toString());
    Path output = directory.resolve("out put");

    for (int run = 0; run < 2; run++) {
      Outcome outcome =
          launch(QUICKSTART, "a text.txt", "--set", "train.steps=5", "--output", output.toString());

      assertThat(outcome.code()).as(outcome.err()).isZero();
      assertThat(outcome.out())
          .startsWith("9 tokens for training, 1 held out for validation\n")
          .contains("After 5 steps: training loss 1.5000, validation loss 1.7500\n")
          .contains("a sample\nof text\n", output + "/loss.png", "Try next:")
          .contains("\nReport           " + output + "/model/report.html\n")
          .containsPattern(
              "\nThis took \\d+ s: (build \\d+ s, )?tokenizing \\d+ s, training \\d+ s, generating \\d+ s\n")
          .doesNotContain("samples\":")
          .endsWith("\n{\"steps\":5,\"train_loss\":1.5,\"valid_loss\":1.75}\n");
      assertThat(outcome.err())
          .contains("tokenize --input a text.txt --output " + output + "/data");
      assertThat(outcome.err())
          .contains("--output " + output + "/model --overwrite --set train.st");
    }
  }

  @Test
  void quickstartStopsWhereAJobFails() throws Exception {
    environment.put("SPARK_HOME", sparkHomeThatPrintsItsArguments().toString());

    Outcome outcome = launch(QUICKSTART, "text", "--output", directory.resolve("new").toString());

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.out()).isEmpty();
  }

  @Test
  void quickstartLeavesADirectoryAloneThatItDidNotMake() throws Exception {
    Path mine = Files.createDirectory(directory.resolve("mine"));
    Files.writeString(mine.resolve("thesis.txt"), "Chapter 1");

    Outcome outcome = launch(QUICKSTART, "--output", mine.toString());

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err())
        .isEqualTo(
            "quickstart: %s holds files that quickstart did not make: name another directory with --output\n"
                .formatted(mine));
    assertThat(mine).isDirectoryContaining(file -> file.endsWith("thesis.txt"));
  }

  @Test
  void quickstartRefusesOptionsThatItDoesNotKnow() throws Exception {
    Outcome outcome = launch(QUICKSTART, "--steps", "3");

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err())
        .isEqualTo("quickstart: there is no option '--steps'; see quickstart --help\n");
  }

  private Path sparkHomeThatAnswersEachJob() throws IOException {
    Path home = Files.createDirectory(directory.resolve("answering spark"));
    executable(
        Files.createDirectory(home.resolve("bin")).resolve("spark-submit"),
        """
        #!/bin/sh
        echo "$*" >&2
        case " $* " in
          *" tokenize "*) echo '{"documents":1,"tokens":10,"train_tokens":9,"valid_tokens":1}' ;;
          *" train "*) echo '{"steps":5,"train_loss":1.5,"valid_loss":1.75}' ;;
          *" generate "*) printf 'a sample\\nof text\\n{"samples":["x"]}\\n' ;;
        esac
        """);
    return home;
  }

  private Path sparkHomeThatPrintsItsArguments() throws IOException {
    Path home = Files.createDirectory(directory.resolve("spark home"));
    Path submit = Files.createDirectory(home.resolve("bin")).resolve("spark-submit");
    executable(submit, "#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit 3\n");
    return home;
  }

  private Path javaHomeOf(String version) throws IOException {
    Path home = Files.createDirectory(directory.resolve("java " + version));
    executable(Files.createDirectory(home.resolve("bin")).resolve("java"), "#!/bin/sh\nexit 9\n");
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private static void executable(Path file, String script) throws IOException {
    Files.writeString(file, script);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Path copyOfTheScripts(String name) throws IOException {
    Path checkout = Files.createDirectory(directory.resolve(name));
    for (String part : List.of("submit", "conf")) {
      Path copy = Files.createDirectory(checkout.resolve(part));
      try (Stream<Path> files = Files.list(CHECKOUT.resolve(part))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Files.copy(file, copy.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
    return checkout;
  }

  private Outcome launch(Path launcher, String... arguments) throws Exception {
    Path out = Files.createTempFile(directory, "out", "");
    Path err = Files.createTempFile(directory, "err", "");
    ProcessBuilder builder =
        new ProcessBuilder(
                Stream.concat(Stream.of(launcher.toString()), Stream.of(arguments)).toList())
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    Patience.untilEnded(process, out, err);
    return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private record Outcome(int code, String out, String err) {}
}
