package io.sparkformer.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Chromium without a window, and the one server that it can reach. */
final class Browser implements AutoCloseable {

  private static final int SECONDS = 120;

  private final Path program;
  private final Path pages;
  private final HttpServer server;
  private final List<String> requests = new CopyOnWriteArrayList<>();

  /**
   * What a page became.
   *
   * @param dom after its scripts
   * @param console what was said there, and other messages
   */
  record Loaded(String dom, List<String> console) {}

  private Browser(Path program, Path pages) throws IOException {
    this.program = program;
    this.pages = pages;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          requests.add(exchange.getRequestURI().getPath());
          Path file = pages.resolve(exchange.getRequestURI().getPath().substring(1));
          boolean found = Files.isRegularFile(file);
          byte[] body = found ? Files.readAllBytes(file) : new byte[0];
          exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
          exchange.sendResponseHeaders(found ? 200 : 404, body.length == 0 ? -1 : body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  static Optional<Path> find() {
    List<String> names = List.of("chromium", "chromium-browser", "google-chrome");
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .flatMap(folder -> names.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts a server of a directory's pages.
   *
   * @param program Chromium
   */
  static Browser of(Path program, Path pages) throws IOException {
    return new Browser(program, pages);
  }

  /** Paths that were asked for, in order. */
  List<String> requests() {
    return requests;
  }

  Loaded load(String page, String... options) throws Exception {
    Path dom = Files.createTempFile(pages, "dom", ".txt");
    Path log = Files.createTempFile(pages, "log", ".txt");
    List<String> all = new ArrayList<>(List.of("--dump-dom"));
    all.addAll(List.of(options));
    Process process = start(page, all, dom, log);
    try {
      assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).as("chromium ended").isTrue();
    } finally {
      end(process);
    }
    try (Stream<String> lines = Files.lines(log, StandardCharsets.UTF_8)) {
      return new Loaded(
          Files.readString(dom), lines.filter(line -> line.contains("CONSOLE")).toList());
    }
  }

  /** Shows a page until something has come to pass. */
  void keepOpen(String page, Callable<Boolean> condition) throws Exception {
    Path log = Files.createTempFile(pages, "log", ".txt");
    Process process = start(page, List.of("--remote-debugging-port=0"), log, log);
    try {
      for (int i = 0; i < 20 * SECONDS && process.isAlive() && !condition.call(); i++) {
        Thread.sleep(50);
      }
    } finally {
      end(process);
    }
  }

  private Process start(String page, List<String> options, Path out, Path err) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                program.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--user-data-dir=" + Files.createTempDirectory(pages, "profile"),
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--enable-logging=stderr"));
    command.addAll(options);
    command.add("http://127.0.0.1:" + server.getAddress().getPort() + "/" + page);
    return new ProcessBuilder(command)
        .redirectOutput(out.toFile())
        .redirectError(err.toFile())
        .start();
  }

  private static void end(Process process) throws InterruptedException {
    List<ProcessHandle> helpers = process.descendants().toList();
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    helpers.forEach(ProcessHandle::destroyForcibly);
    helpers.forEach(helper -> helper.onExit().join()); // they write into the profile
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
