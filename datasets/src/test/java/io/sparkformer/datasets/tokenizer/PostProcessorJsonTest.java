package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PostProcessorJsonTest {

  private static final String TEMPLATE =
      "{'type': 'TemplateProcessing', 'single': [%s], 'special_tokens': {"
          + "'<s>': {'id': '<s>', 'ids': [5], 'tokens': ['<s>']},"
          + " 'both': {'id': 'both', 'ids': [7, 8], 'tokens': ['x', 'y']}}}";
  private static final String BEGIN = "{'SpecialToken': {'id': '<s>', 'type_id': 0}}";
  private static final String BOTH = "{'SpecialToken': {'id': 'both', 'type_id': 0}}";
  private static final String TEXT = "{'Sequence': {'id': 'A', 'type_id': 0}}";

  @Test
  void whatATemplatePutsAroundALoneTextIsReadOnBothSides() throws IOException {
    assertThat(read(TEMPLATE.formatted(BEGIN + "," + TEXT + "," + BOTH)))
        .isEqualTo(new AroundText(List.of(5), List.of(7, 8)));
    assertThat(read(TEMPLATE.formatted(TEXT))).isEqualTo(AroundText.NOTHING);
  }

  @Test
  void otherKindsSayTheSameInTheirOwnWay() throws IOException {
    String bert = "{'type': 'BertProcessing', 'sep': ['[SEP]', 102], 'cls': ['[CLS]', 101]}";
    AroundText around = new AroundText(List.of(101), List.of(102));
    assertThat(read(bert)).isEqualTo(around);
    assertThat(read(bert.replace("Bert", "Roberta"))).isEqualTo(around);
    assertThat(read("null")).isEqualTo(AroundText.NOTHING);
    assertThat(read("{'type': 'ByteLevel', 'trim_offsets': false}")).isEqualTo(AroundText.NOTHING);
    String both =
        "{'type': 'Sequence', 'processors': [{'type': 'ByteLevel'}, "
            + TEMPLATE.formatted(BEGIN + "," + TEXT)
            + ", "
            + bert
            + "]}";
    assertThat(read(both)).isEqualTo(new AroundText(List.of(101, 5), List.of(102)));
  }

  @Test
  void whatIsNotKnownOrDamagedIsRefused() {
    refused("{'type': 'Other'}", "its post_processor is 'Other', which is not known");
    refused(TEMPLATE.formatted(TEXT + "," + TEXT), "its post_processor repeats the text");
    refused(TEMPLATE.formatted(BEGIN), "its post_processor leaves the text out");
    refused(
        TEMPLATE.formatted(TEXT + ", {'SpecialToken': {'id': '</s>'}}"),
        "its post_processor has no ids for '</s>'");
    refused(
        "{'type': 'BertProcessing', 'sep': ['[SEP]', 'x'], 'cls': ['[CLS]', 101]}",
        "its post_processor has '\"x\"' where a token's id should be");
  }

  private static void refused(String json, String message) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("tokenizer.json: " + message);
  }

  private static AroundText read(String json) throws IOException {
    return new PostProcessorJson("tokenizer.json")
        .read(new ObjectMapper().readTree(json.replace('\'', '"')));
  }
}
