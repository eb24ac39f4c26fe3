using System.Text.Json.Serialization;
using UioInterop.Tool.Doctor;

namespace UioInterop.Tool.Output;

/// <summary>What <c>--json</c> prints. Names in it stay as they are; new ones may come.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = false, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DeviceData[]))]
[JsonSerializable(typeof(DeviceDetails))]
[JsonSerializable(typeof(InterruptData))]
[JsonSerializable(typeof(RegisterData[]))]
[JsonSerializable(typeof(BindingData))]
[JsonSerializable(typeof(HeapData[]))]
[JsonSerializable(typeof(ImportData))]
[JsonSerializable(typeof(CopyData))]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class Json : JsonSerializerContext;
