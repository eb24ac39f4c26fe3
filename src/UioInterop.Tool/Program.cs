using UioInterop.Tool;

return UioTool.Run(args, Console.Out, Console.Error);
