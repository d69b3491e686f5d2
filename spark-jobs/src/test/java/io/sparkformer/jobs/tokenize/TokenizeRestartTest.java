package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.Folder.contents;
import static io.sparkformer.datasets.Folder.names;
import static io.sparkformer.datasets.Folder.write;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.WatchedFileSystem;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.Main;
import io.sparkformer.jobs.Patience;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.input.InputFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a tokenize job leaves that fails, is killed, or meets another. */
class TokenizeRestartTest {

  /** A shard that is being written. */
  private static final String WRITTEN = "/\\.units-[^/]+/\\.\\d+-[^/]+/\\.train\\.bin\\.";

  private static final int UNITS = 12;
  private static final int UNIT_BYTES = 500;

  private static JavaSparkContext spark;

  @TempDir Path directory;

  @BeforeAll
  static void openSpark() {
    // One task at a time, in order; a failed one is tried again three times.
    openSpark("local[1]");
  }

  private static void openSpark(String master) {
    spark =
        LocalSpark.openSilent(
            LocalSpark.conf(master)
                .set("spark.sql.shuffle.partitions", "2")
                .set("spark.hadoop.fs.watched.impl", WatchedFileSystem.class.getName()));
  }

  @AfterAll
  static void closeSpark() {
    spark.close();
  }

  @BeforeEach
  void writeCorpus() throws IOException {
    WatchedFileSystem.restart();
    StringBuilder text = new StringBuilder();
    for (int line = 0; text.length() < UNITS * UNIT_BYTES - 10; line++) {
      text.append(line * 7919).append('\n');
    }
    text.append(".".repeat(UNITS * UNIT_BYTES - text.length()));
    write(directory, "corpus/a.txt", text.toString());
  }

  @Test
  void aJobThatRanOutOfSpaceGoesOnWhereItWas() throws Exception {
    Map<String, String> undisturbed = undisturbed(lines("undisturbed"));
    failWith(lines("data"), noRoomForUnit(5));
    assertThat(names(directory)).containsExactly(".data.inprogress", "corpus", "undisturbed");
    List<Path> finished = finished("data");
    // Spark may begin another before it ends the job.
    assertThat(finished).hasSizeBetween(5, UNITS - 1);
    Map<Integer, Object> files = new TreeMap<>();
    for (Path unit : finished) {
      files.put(
          Integer.parseInt(unit.getFileName().toString()),
          Files.getAttribute(unit.resolve("train.bin"), "unix:ino"));
    }
    assertThat(files).containsKeys(0, 1, 2, 3, 4).doesNotContainKey(5);

    run(lines("data"));

    assertThat(WatchedFileSystem.created("/unit\\.json")).isEqualTo(UNITS - finished.size());
    assertThat(contents(directory.resolve("data"))).isEqualTo(undisturbed);
    for (int unit = 0; unit < 5; unit++) {
      Path shard = directory.resolve("data/train-0000%d-of-00011.bin".formatted(unit));
      assertThat(Files.getAttribute(shard, "unix:ino")).isEqualTo(files.get(unit));
    }
    assertThat(names(directory)).containsExactly("corpus", "data", "undisturbed");
  }

  @Test
  void aShuffledJobWithoutDuplicatesGoesOnToo() throws Exception {
    Map<String, String> undisturbed = undisturbed(shuffled("undisturbed"));
    failWith(shuffled("data"), noRoomForUnit(5));
    int finished = finished("data").size();
    assertThat(finished).isBetween(5, UNITS - 1);

    run(shuffled("data"));

    assertThat(WatchedFileSystem.created(WRITTEN)).isEqualTo(UNITS - finished);
    assertThat(contents(directory.resolve("data"))).isEqualTo(undisturbed);
    assertThat(names(directory)).containsExactly("corpus", "data", "undisturbed");
  }

  @Test
  void aJobThatEndsWhileItNamesItsShardsGoesOnThere() throws Exception {
    Map<String, String> undisturbed = undisturbed(lines("undisturbed"));
    for (String last :
        List.of(
            "/train-00003-of-00011.idx",
            "/valid-00000-of-00002.bin",
            "/tokenizer.json",
            "/dataset.json",
            "/data")) {
      failWith(lines("data"), path -> path.endsWith(last));
      assertThat(names(directory)).as(last).doesNotContain("data");

      run(lines("data"));

      if (!last.equals("/data")) {
        assertThat(WatchedFileSystem.created(WRITTEN)).as(last).isZero();
      }
      assertThat(contents(directory.resolve("data"))).as(last).isEqualTo(undisturbed);
      assertThat(names(directory)).as(last).containsExactly("corpus", "data", "undisturbed");
      delete("data");
    }
  }

  @Test
  void whatAnotherPlanLeftIsNotUsed() throws Exception {
    failWith(lines("data"), noRoomForUnit(5));
    Map<String, String> undisturbed = undisturbed(lines("undisturbed").validFraction(0.5));
    WatchedFileSystem.restart();
    run(lines("data").validFraction(0.5));
    assertThat(WatchedFileSystem.created("/unit\\.json")).isEqualTo(UNITS);
    assertThat(contents(directory.resolve("data"))).isEqualTo(undisturbed);

    failWith(lines("changed"), noRoomForUnit(5));
    String text = Files.readString(directory.resolve("corpus/a.txt"));
    write(directory, "corpus/a.txt", text.replace('1', '2'));
    delete("undisturbed");
    Map<String, String> after = undisturbed(lines("undisturbed"));
    WatchedFileSystem.restart();
    run(lines("changed"));
    assertThat(WatchedFileSystem.created("/unit\\.json")).isEqualTo(UNITS);
    assertThat(contents(directory.resolve("changed"))).isEqualTo(after);
    assertThat(names(directory)).containsExactly("changed", "corpus", "data", "undisturbed");
  }

  @Test
  void aTaskThatFailsOnceLeavesNoSecondShard() throws Exception {
    Map<String, String> undisturbed = undisturbed(lines("undisturbed"));
    closeSpark();
    openSpark("local[2,4]");
    try {
      AtomicBoolean failed = new AtomicBoolean();
      WatchedFileSystem.restart();
      WatchedFileSystem.full(
          path ->
              path.matches(".*/\\.units-[^/]+/\\.7-[^/]+/unit.json")
                  && failed.compareAndSet(false, true),
          0);

      run(lines("data"));

      assertThat(failed).isTrue();
      assertThat(WatchedFileSystem.created("/\\.units-[^/]+/\\.7-[^/]+/\\.train\\.bin\\."))
          .isEqualTo(2);
      assertThat(contents(directory.resolve("data"))).isEqualTo(undisturbed);
      assertThat(names(directory)).containsExactly("corpus", "data", "undisturbed");
    } finally {
      closeSpark();
      openSpark("local[1]");
    }
  }

  @Test
  void aFailedJobThatReplacesADataSetLeavesTheOldOne() throws Exception {
    run(lines("data"));
    Map<String, String> before = contents(directory.resolve("data"));
    write(directory, "corpus/a.txt", "other");

    failWith(lines("data").overwriting(), path -> path.endsWith("/dataset.json"));

    assertThat(contents(directory.resolve("data"))).isEqualTo(before);
    run(lines("data").overwriting());
    assertThat(contents(directory.resolve("data"))).isNotEqualTo(before);
    assertThat(names(directory)).containsExactly("corpus", "data");
  }

  @Test
  void aMistakeLeavesNothing() throws Exception {
    Files.write(
        directory.resolve("corpus/b.txt"), "ab\ncd\u00e9".getBytes(StandardCharsets.ISO_8859_1));
    Files.write(
        directory.resolve("corpus/c.txt"), "\u00e9\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));

    assertThatThrownBy(() -> run(lines("data")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "%s/corpus/b.txt: byte 0xe9 at offset 5 is not valid UTF-8:"
                + " convert it to UTF-8, or pass --malformed replace",
            directory);
    assertThat(names(directory)).containsExactly("corpus");

    assertThat(run(lines("data").replacing()).malformedReplaced()).isEqualTo(3);
    assertThat(manifest("data").malformedReplaced()).isEqualTo(3);
  }

  @Test
  void ofTwoJobsOnOneOutputTheSecondIsRefused() throws Exception {
    Map<String, String> undisturbed = undisturbed(lines("undisturbed"));
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch mayGoOn = new CountDownLatch(1);
    WatchedFileSystem.full(
        path -> {
          if (path.matches(".*" + WRITTEN + ".*")) {
            writing.countDown();
            await(mayGoOn);
          }
          return false;
        },
        0);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread first = new Thread(() -> failure.set(catchThrowable(() -> run(lines("data")))));
    first.start();
    try {
      await(writing);
      assertThatThrownBy(() -> new TokenizeJob(spark, lines("data").overwriting().options()).run())
          .isInstanceOf(InvalidInputException.class)
          .hasMessageMatching(
              "--output .*/data is being written by another job \\(process \\d+ on [^ ]+\\):"
                  + " wait until it ends, or choose another directory");
    } finally {
      mayGoOn.countDown();
      first.join();
    }

    assertThat(failure.get()).isNull();
    assertThat(contents(directory.resolve("data"))).isEqualTo(undisturbed);
    assertThat(names(directory)).containsExactly("corpus", "data", "undisturbed");
  }

  @Test
  void anInputThatIsAppendedToMeanwhileIsNamed() throws Exception {
    Path input = directory.resolve("corpus/a.txt");
    doWhenWritingUnit(3, () -> Files.writeString(input, "more\n", StandardOpenOption.APPEND));

    assertChanged(lines("data"), "corpus/a.txt was changed while", "(it had 6000 bytes of ");
    assertThat(names(directory)).containsExactly("corpus");
  }

  @Test
  void anInputThatIsReplacedByOneOfItsSizeIsNamedAlsoWhenItCannotBeReadAnyMore() throws Exception {
    Path input = directory.resolve("corpus/a.txt");
    byte[] other = new byte[UNITS * UNIT_BYTES];
    java.util.Arrays.fill(other, (byte) 0xFF); // no UTF-8
    doWhenWritingUnit(
        3,
        () -> {
          Files.write(input, other);
          Files.setLastModifiedTime(input, FileTime.fromMillis(0));
        });

    assertChanged(
        lines("data"), "corpus/a.txt was changed while", "and has 6000 of 1970-01-01T00:00:00Z)");
  }

  @Test
  void anInputThatIsDeletedMeanwhileIsNamed() throws Exception {
    doWhenWritingUnit(3, () -> Files.deleteIfExists(directory.resolve("corpus/a.txt")));

    assertChanged(
        lines("data"),
        "corpus/a.txt was deleted while the job was reading its inputs: put it back and run the job again");
  }

  @Test
  void aTablesFileThatIsReplacedMeanwhileIsNamed() throws Exception {
    write(directory, "table/a.json", "{\"text\": \"one\"}\n".repeat(20));
    Path input = directory.resolve("table/a.json");
    doWhenWritingUnit(
        0, () -> Files.writeString(input, "{\"text\": \"two\"}\n", StandardOpenOption.APPEND));

    assertChanged(
        TokenizeOptionsFixture.of(List.of(path("table")), "watched:" + path("data"))
            .table(InputFormat.JSON, "text", Optional.empty()),
        "table/a.json was changed while",
        "run the job again when nothing writes to it, or on a copy");
  }

  private static void assertChanged(TokenizeOptionsFixture options, String... parts) {
    Throwable thrown = catchThrowable(() -> run(options));
    assertThat(Failure.mistakeIn(thrown)).isPresent();
    assertThat(Failure.mistakeIn(thrown).get()).contains(parts).hasLineCount(1);
  }

  private interface Act {
    void run() throws IOException;
  }

  private static void doWhenWritingUnit(int unit, Act act) {
    WatchedFileSystem.full(
        path -> {
          if (noRoomForUnit(unit).test(path)) {
            try {
              act.run();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
          return false;
        },
        0);
  }

  @Test
  void aFullDiskIsToldBeforeAnythingIsRead() throws Exception {
    WatchedFileSystem.full(path -> path.endsWith("/.data.lock"), 0);

    assertThatThrownBy(() -> run(lines("data")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "--output watched:%s/data cannot be written (No space left on device):"
                + " choose a directory that you may write",
            directory);
    assertThat(names(directory)).containsExactly("corpus");
  }

  @Test
  void aLockThatCannotBeRenewedForAWhileIsNotLost() throws Exception {
    CountDownLatch renewed = new CountDownLatch(2);
    WatchedFileSystem.full(
        path -> {
          if (path.endsWith("/.data.lock")) {
            renewed.countDown();
            return renewed.getCount() == 0;
          }
          if (path.matches(".*/\\.units-[^/]+/\\.0-.*")) {
            await(renewed);
          }
          return false;
        },
        0);

    run(lines("data"));

    assertThat(names(directory)).containsExactly("corpus", "data");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(300, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aDeadProcesssLockIsTakenOverAtOnce() throws Exception {
    String host = InetAddress.getLocalHost().getHostName();
    assumeTrue(!host.equals("localhost"), "skipped: this machine's name tells nothing");
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    write(
        directory,
        ".data.lock",
        "0f8fad5b-d9cb-469f-a165-70867728950e " + dead.pid() + " " + host + " 9");

    run(lines("data"));

    assertThat(names(directory)).containsExactly("corpus", "data");
  }

  @Test
  void aKilledProcesssShardsAreKept() throws Exception {
    String text = Files.readString(directory.resolve("corpus/a.txt")).repeat(2_500);
    write(directory, "corpus/a.txt", text); // 15 MB, 29 units of half a megabyte
    TokenizeOptionsFixture options = file("data").shardBytes(1 << 20);
    Path units = directory.resolve(".data.inprogress");
    Process job = start("--input", path("corpus"), "--output", path("data"), "--shard-mb", "1");
    try {
      Patience.until(
          "shards",
          () -> (Files.exists(units) && finished("data").size() >= 3) || !job.isAlive(),
          directory.resolve("job.log"));
      assertThat(job.isAlive()).as(() -> read("job.log")).isTrue();
    } finally {
      job.destroyForcibly().waitFor();
    }
    List<Path> finished = finished("data");
    Map<Object, String> files = new TreeMap<>();
    for (Path unit : finished) {
      Path shard = unit.resolve("train.bin");
      files.put(Files.getAttribute(shard, "unix:ino"), Files.getLastModifiedTime(shard).toString());
    }
    assertThat(files).hasSizeBetween(3, 25);
    assertThat(names(directory)).contains(".data.inprogress", ".data.lock").doesNotContain("data");

    new TokenizeJob(spark, options.options()).run();

    Map<Object, String> after = new TreeMap<>();
    for (String name : names(directory.resolve("data"))) {
      Path shard = directory.resolve("data").resolve(name);
      Object number = Files.getAttribute(shard, "unix:ino");
      if (files.containsKey(number)) {
        after.put(number, Files.getLastModifiedTime(shard).toString());
      }
    }
    assertThat(after).isEqualTo(files);
    new TokenizeJob(spark, file("undisturbed").shardBytes(1 << 20).options()).run();
    assertThat(
            contents(directory.resolve("data")).equals(contents(directory.resolve("undisturbed"))))
        .isTrue();
    Files.delete(directory.resolve("job.log"));
    assertThat(names(directory)).containsExactly("corpus", "data", "undisturbed");
  }

  /** Starts the tokenize job in a JVM like this one. */
  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (option.startsWith("--add") || option.startsWith("-X")) {
        command.add(option);
      }
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            "-Dspark.master=local[1]",
            "-Dspark.ui.enabled=false",
            Main.class.getName(),
            "tokenize"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("job.log").toFile())
        .start();
  }

  private Map<String, String> undisturbed(TokenizeOptionsFixture options) throws Exception {
    WatchedFileSystem.restart();
    new TokenizeJob(spark, options.options()).run();
    return contents(directory.resolve("undisturbed"));
  }

  private static Predicate<String> noRoomForUnit(int unit) {
    return path -> path.matches(".*/\\.units-[^/]+/\\." + unit + "-.*");
  }

  private static void failWith(TokenizeOptionsFixture options, Predicate<String> noRoomFor) {
    WatchedFileSystem.restart();
    WatchedFileSystem.full(noRoomFor, 0);
    Throwable thrown = catchThrowable(() -> new TokenizeJob(spark, options.options()).run());
    assertThat(thrown).isNotNull();
    assertThat(Failure.mistakeIn(thrown)).isEmpty();
    assertThat(Failure.rootOf(thrown)).isEqualTo("IOException: No space left on device");
    WatchedFileSystem.restart();
  }

  private static TokenizeResult run(TokenizeOptionsFixture options) throws Exception {
    return new TokenizeJob(spark, options.options()).run();
  }

  private TokenizeOptionsFixture lines(String output) {
    return TokenizeOptionsFixture.of(
            List.of(path("corpus")), "watched:" + directory.resolve(output))
        .format(InputFormat.LINES)
        .shardBytes(2L * UNIT_BYTES);
  }

  private TokenizeOptionsFixture shuffled(String output) {
    return lines(output).shuffled(5).duplicatesDropped().split("hash");
  }

  private TokenizeOptionsFixture file(String output) {
    return TokenizeOptionsFixture.of(List.of(path("corpus")), path(output));
  }

  private List<Path> finished(String output) throws IOException {
    try (Stream<Path> files = Files.walk(directory.resolve("." + output + ".inprogress"), 2)) {
      return files
          .filter(unit -> unit.toString().matches(".*/\\.units-[^/]+/\\d+"))
          .sorted()
          .toList();
    } catch (UncheckedIOException e) {
      return List.of(); // an attempt's directory went while it was listed
    }
  }

  private DatasetManifest manifest(String name) throws IOException {
    return DatasetManifest.read(
        FileSystem.getLocal(new Configuration()), hadoop(directory.resolve(name)));
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }

  private String read(String name) {
    try {
      return Files.readString(directory.resolve(name));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void delete(String name) throws IOException {
    for (String file : names(directory.resolve(name))) {
      Files.delete(directory.resolve(name).resolve(file));
    }
    Files.delete(directory.resolve(name));
  }
}
