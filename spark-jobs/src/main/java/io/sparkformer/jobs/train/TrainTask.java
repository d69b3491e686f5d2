package io.sparkformer.jobs.train;

import ai.djl.Device;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.collective.Collective;
import io.sparkformer.collective.Endpoint;
import io.sparkformer.collective.PeerTimeout;
import io.sparkformer.collective.RendezvousServer;
import io.sparkformer.datasets.Closing;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.Interruption;
import io.sparkformer.jobs.cluster.RankDevice;
import io.sparkformer.jobs.cluster.RunEvent;
import io.sparkformer.jobs.cluster.RunEvents;
import io.sparkformer.jobs.cluster.TaskThreads;
import io.sparkformer.jobs.output.OutputLock;
import io.sparkformer.model.Kernels;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.Checkpointer;
import io.sparkformer.run.RunDirectory;
import io.sparkformer.run.TrainingResult;
import io.sparkformer.run.TrainingRun;
import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

/**
 * One rank of an attempt at a training run, on an executor.
 *
 * <p>A user's mistake that only shows here is a result and no failure: Spark would report its stack
 * trace, and the run would be tried again.
 */
final class TrainTask extends AbstractFunction1<Iterator<Integer>, Iterator<TrainTask.Outcome>>
    implements Serializable {

  private static final long serialVersionUID = 1L;
  private static final JsonMapper JSON = new JsonMapper();

  /** How long the first rank may wait for storage; the others must not take it for lost. */
  private static final long LONGEST_PAUSE_MILLIS = 10_000;

  private final Broadcast<SerializableConfiguration> configuration;
  private final TrainSpec spec;
  private final int attempt;
  private final OutputLock.Token token;
  private final byte[] secret;

  /**
   * One attempt.
   *
   * @param attempt from 0
   * @param token by which it may write the output
   * @param secret by which its ranks know each other
   */
  TrainTask(
      Broadcast<SerializableConfiguration> configuration,
      TrainSpec spec,
      int attempt,
      OutputLock.Token token,
      byte[] secret) {
    this.configuration = configuration;
    this.spec = spec;
    this.attempt = attempt;
    this.token = token;
    this.secret = secret.clone();
  }

  /** What came of a rank. */
  sealed interface Outcome extends Serializable {

    /**
     * It trained to the end.
     *
     * @param result the same in each rank, but for times
     */
    record Trained(TrainingResult result) implements Outcome {}

    /**
     * A user's mistake, this rank's or another's, kept it from that.
     *
     * @param message for the user
     */
    record Mistaken(String message) implements Outcome {}
  }

  /**
   * What ranks tell each other before they connect.
   *
   * @param endpoint where this one is
   * @param mistake that it found, or empty
   */
  record Greeting(Endpoint endpoint, String mistake) {}

  /** What a rank has ready before it meets the others. */
  private final class Rank implements Closeable {
    private final RendezvousServer server;
    private final SlowWork slow;
    private TokenDataset dataset;
    private TrainingRun run;
    private String mistake = "";

    /** The first one tells what takes long. */
    Rank(RendezvousServer server, int number) {
      this.server = server;
      this.slow =
          SlowWork.begin(
              SlowWork.INTERVAL,
              working -> {
                if (number == 0) {
                  RunEvents.send(spec.runId(), working);
                }
              },
              "opening the data set and the model");
    }

    void prepare(BarrierTaskContext context) throws IOException {
      Configuration hadoop = configuration.value().value();
      RecipeFile file = RecipeFile.parse(spec.recipe(), "the recipe");
      Path data = spec.data().isEmpty() ? TrainSpec.madeData(file) : new Path(spec.data());
      dataset = TokenDataset.open(hadoop, data);
      Recipe recipe = file.bind(DataShape.of(dataset.manifest()));
      int threads = recipe.training().threads();
      Kernels.threads(threads > 0 ? threads : TaskThreads.ofThisTask());
      Device device = RankDevice.ofThisTask();
      if (context.partitionId() == 0) {
        RunDirectory directory = RunDirectory.of(hadoop, new Path(spec.output()));
        Checkpointer checkpointer =
            new Checkpointer(
                directory,
                spec.mode(),
                spec.runId(),
                () -> token.require(hadoop),
                Duration.ofMillis(Math.min(LONGEST_PAUSE_MILLIS, spec.rankTimeoutSeconds() * 333L)),
                new DriverListener(spec.runId(), step -> slow.at(after(step, recipe))));
        run = TrainingRun.leading(file, dataset, device, checkpointer);
      } else {
        run = TrainingRun.following(file, dataset, device);
      }
    }

    @Override
    public void close() throws IOException {
      List<Closeable> open = new ArrayList<>(List.of(slow, server));
      if (run != null) {
        open.add(run);
      }
      if (dataset != null) {
        open.add(dataset);
      }
      Closing.all(open);
    }
  }

  @Override
  public Iterator<Outcome> apply(Iterator<Integer> partition) {
    Interruption.leaveToDriver();
    BarrierTaskContext context = BarrierTaskContext.get();
    try (Rank rank = new Rank(RendezvousServer.open(RankDevice.host()), context.partitionId())) {
      prepare(rank, context);
      rank.slow.at("waiting for the other ranks to open them");
      String own = JSON.writeValueAsString(new Greeting(rank.server.endpoint(), rank.mistake));
      boolean alone = context.getTaskInfos().length == 1; // a barrier takes Spark a second
      Outcome outcome = outcome(rank, context, alone ? new String[] {own} : context.allGather(own));
      return JavaConverters.asScalaIterator(List.of(outcome).iterator());
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  /** What follows a step, as far as it is known. */
  private static String after(long step, Recipe recipe) {
    if (step >= recipe.training().maxSteps()) {
      return "the last evaluation and model";
    }
    String evaluated = step % recipe.evaluationSteps() == 0 ? " and the evaluation before it" : "";
    return "step " + (step + 1) + evaluated;
  }

  private void prepare(Rank rank, BarrierTaskContext context) {
    try {
      rank.prepare(context);
    } catch (IOException | RuntimeException e) {
      rank.mistake = Failure.mistakeIn(e).orElseThrow(() -> unchecked(e));
    }
  }

  private Outcome outcome(Rank rank, BarrierTaskContext context, String[] greetings)
      throws IOException {
    List<Endpoint> endpoints = new ArrayList<>();
    for (String text : greetings) {
      Greeting greeting = JSON.readValue(text, Greeting.class);
      if (!greeting.mistake().isEmpty()) {
        return new Outcome.Mistaken(greeting.mistake());
      }
      endpoints.add(greeting.endpoint());
    }
    try {
      return new Outcome.Trained(train(rank, context, endpoints));
    } catch (IOException | RuntimeException e) {
      Optional<String> mistake = Failure.mistakeIn(e);
      if (mistake.isEmpty()) {
        throw unchecked(e);
      }
      RunEvents.send(
          spec.runId(), new RunEvent.Mistake(mistake.get())); // in case another rank fails by it
      return new Outcome.Mistaken(mistake.get());
    }
  }

  private TrainingResult train(Rank rank, BarrierTaskContext context, List<Endpoint> endpoints)
      throws IOException {
    List<Integer> order = Endpoint.order(endpoints);
    List<Endpoint> all = order.stream().map(endpoints::get).toList();
    PeerTimeout timeout = new PeerTimeout(spec.rankTimeoutSeconds(), context::isInterrupted);
    int self = order.indexOf(context.partitionId());
    try (Collective collective =
        Collective.join(rank.server, all, self, secret, rank.run.shape(), timeout)) {
      try {
        if (self == 0) {
          RunEvents.send(spec.runId(), new RunEvent.Started(attempt, rank.run.step(), all.size()));
        }
        rank.slow.at("step " + (rank.run.step() + 1));
        return rank.run.train(collective);
      } catch (IOException | RuntimeException e) {
        collective.leave(e);
        throw e;
      }
    }
  }

  private static RuntimeException unchecked(Exception e) {
    return e instanceof RuntimeException unchecked
        ? unchecked
        : new UncheckedIOException(e.getMessage(), (IOException) e);
  }
}
