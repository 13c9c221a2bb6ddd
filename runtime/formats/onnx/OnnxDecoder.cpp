// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See OnnxDecoder.h. protozero knows where each message ends and throws where
// a length lies; all of it is caught here. Structures take more memory than
// their bytes, so what they are made of is counted.
#include "formats/onnx/OnnxDecoder.h"

#include "formats/onnx/TensorDecoder.h"

#include <protozero/pbf_reader.hpp>

namespace terrazzo::formats::onnx {

namespace {

using protozero::pbf_reader;

class Decoder {
public:
  Model model(pbf_reader from) {
    Model to;
    bool graphs = false;
    while (from.next())
      switch (from.tag()) {
      case 1:
        to.irVersion = from.get_int64();
        break;
      case 2:
        to.producer = text(from);
        break;
      case 7:
        if (std::exchange(graphs, true))
          throw Fault("it has two graphs");
        graph(from.get_message(), to);
        break;
      case 8:
        opset(from.get_message(), to);
        break;
      case 25:
        from.skip();
        ++to.functions;
        break;
      default:
        from.skip();
      }
    if (!graphs)
      throw Fault("it has no graph");
    return to;
  }

private:
  std::string_view text(pbf_reader &from) { return viewOf(from.get_view()); }

  void opset(pbf_reader from, Model &to) {
    std::string_view domain;
    int64_t version = 0;
    while (from.next())
      if (from.tag() == 1)
        domain = text(from);
      else if (from.tag() == 2)
        version = from.get_int64();
      else
        from.skip();
    budget.item();
    if (domain == "ai.onnx")
      domain = "";
    if (!to.opsets.emplace(domain, version).second)
      throw Fault("it imports one set of operators twice");
  }

  void graph(pbf_reader from, Model &to) {
    while (from.next())
      switch (from.tag()) {
      case 1:
        to.nodes.push_back(node(from.get_message()));
        break;
      case 2:
        to.graphName = text(from);
        break;
      case 5:
        to.initializers.push_back(decodeTensor(from.get_message(), budget));
        break;
      case 11:
        to.inputs.push_back(value(from.get_message()));
        break;
      case 12:
        to.outputs.push_back(value(from.get_message()));
        break;
      case 15:
        from.skip();
        ++to.sparse;
        break;
      default:
        from.skip();
      }
  }

  Node node(pbf_reader from) {
    budget.item();
    Node to;
    while (from.next())
      switch (from.tag()) {
      case 1:
        budget.item();
        to.inputs.push_back(text(from));
        break;
      case 2:
        budget.item();
        to.outputs.push_back(text(from));
        break;
      case 3:
        to.name = text(from);
        break;
      case 4:
        to.type = text(from);
        break;
      case 5:
        to.attributes.push_back(attribute(from.get_message()));
        break;
      case 7:
        to.domain = text(from);
        break;
      default:
        from.skip();
      }
    if (to.domain == "ai.onnx")
      to.domain = "";
    return to;
  }

  static Attribute::Kind kindOf(int32_t type) {
    using Kind = Attribute::Kind;
    switch (type) {
    case 1:
      return Kind::Float;
    case 2:
      return Kind::Int;
    case 3:
      return Kind::String;
    case 4:
      return Kind::Tensor;
    case 5:
      return Kind::Graph;
    case 6:
      return Kind::Floats;
    case 7:
      return Kind::Ints;
    case 8:
      return Kind::Strings;
    default:
      return Kind::Other;
    }
  }

  Attribute attribute(pbf_reader from) {
    budget.item();
    Attribute to;
    bool said = false;
    auto is = [&](Attribute::Kind kind) {
      if (!said)
        to.kind = kind;
    };
    while (from.next())
      switch (from.tag()) {
      case 1:
        to.name = text(from);
        break;
      case 2:
        to.real = from.get_float();
        is(Attribute::Kind::Float);
        break;
      case 3:
        to.integer = from.get_int64();
        is(Attribute::Kind::Int);
        break;
      case 4:
        to.text = text(from);
        is(Attribute::Kind::String);
        break;
      case 5:
        to.tensors.clear();
        to.tensors.push_back(decodeTensor(from.get_message(), budget));
        is(Attribute::Kind::Tensor);
        break;
      case 7:
        forEachNumber(from, [&](float value) { to.reals.push_back(value); });
        is(Attribute::Kind::Floats);
        break;
      case 8:
        forEachNumber(from,
                      [&](int64_t value) { to.integers.push_back(value); });
        is(Attribute::Kind::Ints);
        break;
      case 9:
        budget.item();
        to.texts.push_back(text(from));
        is(Attribute::Kind::Strings);
        break;
      case 20:
        to.kind = kindOf(from.get_enum());
        said = true;
        break;
      default: // graphs, tensors and types, which nothing here reads
        from.skip();
        is(Attribute::Kind::Other);
      }
    if (to.kind == Attribute::Kind::Tensor && to.tensors.empty())
      throw Fault("an attribute says that it is a tensor and has none");
    return to;
  }

  template <typename Visit> void forEachNumber(pbf_reader &from, Visit visit) {
    readRepeated(from, [&](auto value) {
      budget.number();
      visit(value);
    });
  }
  template <typename Visit>
  static auto readRepeated(pbf_reader &from, Visit visit) {
    bool packed =
        from.wire_type() == protozero::pbf_wire_type::length_delimited;
    if (from.tag() == 7) {
      if (!packed)
        return visit(from.get_float());
      for (float value : from.get_packed_float())
        visit(value);
      return;
    }
    if (!packed)
      return visit(from.get_int64());
    for (int64_t value : from.get_packed_int64())
      visit(value);
  }

  ValueInfo value(pbf_reader from) {
    budget.item();
    ValueInfo to;
    while (from.next())
      if (from.tag() == 1)
        to.name = text(from);
      else if (from.tag() == 2)
        type(from.get_message(), to);
      else
        from.skip();
    return to;
  }

  void type(pbf_reader from, ValueInfo &to) {
    while (from.next()) {
      if (from.tag() != 1) {
        from.skip();
        continue;
      }
      for (pbf_reader tensor = from.get_message(); tensor.next();)
        if (tensor.tag() == 1)
          to.element = tensor.get_enum();
        else if (tensor.tag() == 2)
          shape(tensor.get_message(), to);
        else
          tensor.skip();
    }
  }

  void shape(pbf_reader from, ValueInfo &to) {
    to.shaped = true;
    while (from.next()) {
      if (from.tag() != 1) {
        from.skip();
        continue;
      }
      budget.item();
      Dimension &dim = to.dims.emplace_back();
      for (pbf_reader one = from.get_message(); one.next();)
        if (one.tag() == 1)
          dim.size = one.get_int64();
        else if (one.tag() == 2)
          dim.name = text(one);
        else
          one.skip();
    }
  }

  Budget budget;
};

} // namespace

std::string elementName(int32_t element) {
  static constexpr const char *names[] = {
      "UNDEFINED",      "FLOAT",        "UINT8",          "INT8",
      "UINT16",         "INT16",        "INT32",          "INT64",
      "STRING",         "BOOL",         "FLOAT16",        "DOUBLE",
      "UINT32",         "UINT64",       "COMPLEX64",      "COMPLEX128",
      "BFLOAT16",       "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2",
      "FLOAT8E5M2FNUZ", "UINT4",        "INT4",           "FLOAT4E2M1"};
  return element >= 0 && size_t(element) < std::size(names)
             ? names[element]
             : "type " + std::to_string(element);
}

uint64_t elementBytes(int32_t element) {
  switch (Element(element)) {
  case Element::UInt8:
  case Element::Int8:
  case Element::Bool:
    return 1;
  case Element::UInt16:
  case Element::Int16:
  case Element::Float16:
  case Element::BFloat16:
    return 2;
  case Element::Float:
  case Element::Int32:
  case Element::UInt32:
    return 4;
  case Element::Double:
  case Element::Int64:
  case Element::UInt64:
    return 8;
  default:
    return 0;
  }
}

Expected<Model> decodeModel(std::span<const uint8_t> content,
                            const std::string &path) {
  auto fail = [&](const std::string &why) {
    return Error{ExitCode::ModelNotSupported,
                 "TZ0121",
                 "this is not a well-formed ONNX file",
                 path,
                 why,
                 "the file may be damaged or cut short; fetch or export it "
                 "again"};
  };
  try {
    return Decoder().model(pbf_reader(
        reinterpret_cast<const char *>(content.data()), content.size()));
  } catch (const Fault &fault) {
    return fail(fault.what());
  } catch (const protozero::exception &fault) {
    return fail(std::string("its protobuf is malformed: ") + fault.what());
  }
}

} // namespace terrazzo::formats::onnx
