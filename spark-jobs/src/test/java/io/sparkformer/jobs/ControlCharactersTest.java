package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import org.junit.jupiter.api.Test;

class ControlCharactersTest {

  @Test
  void whatATerminalObeysIsShownAndAllElseStays() {
    assertThat(ControlCharacters.shown("\u001b[2J\u0007\b\0\u007f\u009b31m\u0085"))
        .isEqualTo("\\u001B[2J\\u0007\\u0008\\u0000\\u007F\\u009B31m\\u0085");
    assertThat(ControlCharacters.shown("done\rfailed")).isEqualTo("done\\rfailed");
    assertThat(ControlCharacters.shown("\u202atxt.\u202egpj\u2066\u2069\u2028\u2029"))
        .isEqualTo("\\u202Atxt.\\u202Egpj\\u2066\\u2069\\u2028\\u2029");
    String harmless = "až\n\t日本 שלום \ud83d\udc69\u200d\ud83d\ude80 \\u001B";
    assertThat(ControlCharacters.shown(harmless)).isEqualTo(harmless);
  }

  @Test
  void aWriterShowsThemHoweverTheyAreWritten() throws IOException {
    StringWriter written = new StringWriter();
    try (Writer writer = ControlCharacters.showing(written)) {
      writer.write('\u001b');
      writer.write("x\u001by", 1, 1);
      writer.write(new char[] {'x', '\u001b', 'y'}, 1, 2);
      writer.append("\u001b").append('\u001b');
      new PrintWriter(writer, true).printf("%s%n", "\u001b");
    }
    assertThat(written).hasToString("\\u001B".repeat(3) + "y" + "\\u001B".repeat(3) + "\n");
  }
}
