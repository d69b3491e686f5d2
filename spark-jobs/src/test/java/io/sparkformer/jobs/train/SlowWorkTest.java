package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.jobs.cluster.RunEvent;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

class SlowWorkTest {

  @Test
  void whatTakesLongIsToldAgainAndAgainUntilSomethingElseBegins() throws Exception {
    BlockingQueue<RunEvent.Working> told = new LinkedBlockingQueue<>();
    try (SlowWork slow = SlowWork.begin(Duration.ofMillis(5), told::add, "opening")) {
      assertThat(told.take().what()).isEqualTo("opening");
      assertThat(told.take().what()).isEqualTo("opening");
      slow.at("step 3");
      String next = told.take().what();
      while (next.equals("opening")) {
        next = told.take().what(); // what was on its way
      }
      assertThat(next).isEqualTo("step 3");
    }
  }

  @Test
  void itTravelsToTheDriver() throws Exception {
    JsonMapper json = new JsonMapper();
    RunEvent working = new RunEvent.Working("step 3", 20);

    assertThat(json.readValue(json.writeValueAsString(working), RunEvent.class)).isEqualTo(working);
  }
}
