@echo off
rem Starts one service by hand, from source, until Ctrl-C: each in a window of its
rem own. The first start makes SERVICE\.env, whose settings are yours to change;
rem tables are made and changed at each start.
rem
rem   scripts\start.bat user                      serve on port 8001
rem   scripts\start.bat user migrate history      any other command of the service
setlocal
cd /d "%~dp0\.."

set "service="
for %%s in (user product order notification) do if "%~1"=="%%s" set "service=%%s"
if not defined service (
  echo usage: scripts\start.bat user^|product^|order^|notification [COMMAND...] 1>&2
  exit /b 2
)
where go >nul 2>nul || (
  echo missing: Go 1.26 or newer, https://go.dev/dl 1>&2
  exit /b 1
)

if not exist "%service%\.env" go run ./shop env %service% || exit /b 1
go build -o ".cache\bin\%service%.exe" ./%service%/cmd/%service% || exit /b 1
cd "%service%"
"..\.cache\bin\%service%.exe" %2 %3 %4 %5 %6 %7 %8 %9
exit /b %errorlevel%
