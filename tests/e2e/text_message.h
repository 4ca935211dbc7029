// Messages of the API, written as text in tests.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace mintmark::e2e {

// The message that `text` describes in protobuf's text form. Fails the test when it
// describes none.
template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

}  // namespace mintmark::e2e
